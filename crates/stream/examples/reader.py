"""Keeps exact counts of its own from the topic: python3 reader.py HOST:PORT TOPIC counts.db"""
import json
import sqlite3
import sys

from kafka import KafkaConsumer, TopicPartition

brokers, topic, file = sys.argv[1:4]
database = sqlite3.connect(file)
database.executescript("""
    CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS counts (article INTEGER, hour INTEGER, views INTEGER,
                                       PRIMARY KEY (article, hour));
""")
log = TopicPartition(topic, 0)
consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False,
                         allow_auto_create_topics=False, auto_offset_reset="earliest")
consumer.assign([log])
consumer.seek_to_beginning(log)
for record in consumer:
    batch = json.loads(record.value)
    if batch["version"] != 1:
        sys.exit(f"offset {record.offset}: version {batch['version']} is unknown")
    with database:  # One transaction for the name and the views.
        new = database.execute("INSERT OR IGNORE INTO batches VALUES (?)", [batch["batch"]])
        if new.rowcount == 1:
            database.executemany(
                """INSERT INTO counts VALUES (:article, :hour, :views)
                   ON CONFLICT DO UPDATE SET views = views + excluded.views""", batch["views"])
