//! Kafka and OpenSearch keep what they have acknowledged.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tidemark_servers::proxy::Network;
use tidemark_servers::{Kafka, OpenSearch};

#[test]
fn kafka_keeps_its_records_through_a_crash() {
    if !Kafka::is_available() {
        return;
    }
    // Its records are from 1970.
    let mut kafka = Kafka::with(&[("log.retention.ms", "-1")]);
    let topic = kafka.new_topic();
    create(&kafka.address(), &topic);
    produce(&kafka.address(), &topic, b"one view of article 7");
    assert!(holds(&fetch(&kafka.address(), &topic), b"one view of article 7"));
    let before = (kafka.address(), kafka.id());
    kafka.kill();
    assert!(TcpStream::connect(kafka.address()).is_err(), "it is still there");
    kafka.restart();
    assert_eq!(kafka.address(), before.0);
    assert_ne!(kafka.id(), before.1);
    assert!(holds(&fetch(&kafka.address(), &topic), b"one view of article 7"));

    kafka.restart_as_another_cluster();
    create(&kafka.address(), &topic);
    assert!(!holds(&fetch(&kafka.address(), &topic), b"one view of article 7"));
}

#[test]
fn kafka_sends_clients_that_come_through_the_proxy_back_to_it() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::start();
    let port = |address: &str| {
        // Version 1; all topics.
        let answer = ask(address, 3, 1, &(-1_i32).to_be_bytes());
        // A broker is its number, its host and its port, behind the count of all brokers.
        assert_eq!(&answer[8..19], b"\x00\x09127.0.0.1");
        i32::from_be_bytes(answer[19..23].try_into().unwrap()).to_string()
    };
    for address in [kafka.address(), kafka.address_through_proxy()] {
        assert!(address.ends_with(&format!(":{}", port(&address))), "{address}");
    }
    kafka.proxy().set(Network::Refusing);
    let mut cut = TcpStream::connect(kafka.address_through_proxy()).unwrap();
    assert_eq!(cut.read(&mut [0]).unwrap_or(0), 0);
    port(&kafka.address());
    kafka.proxy().set(Network::Well);
    port(&kafka.address_through_proxy());
}

#[test]
fn opensearch_keeps_its_documents_through_a_crash() {
    if !OpenSearch::is_available() {
        return;
    }
    let mut search = OpenSearch::start();
    let index = search.new_index();
    let document = format!("/{index}/_doc/7");
    search.request("PUT", &document, r#"{"title": "Die Gezeiten"}"#);
    let before = (search.url(), search.id());
    search.kill();
    assert!(TcpStream::connect(("127.0.0.1", search.port())).is_err(), "it is still there");
    search.restart();
    assert_eq!(search.url(), before.0);
    assert_ne!(search.id(), before.1);
    assert!(search.request("GET", &document, "").contains("Die Gezeiten"));

    search.pause();
    search.resume();
    let query = format!("/{index}/_search?q=gezeiten");
    assert!(search.request("GET", &query, "").contains("Die Gezeiten"));

    search.restart_empty();
    assert!(!search.request("GET", "/_cat/indices", "").contains(&index));
}

/// Creates a topic of one partition: CreateTopics, version 2.
fn create(address: &str, topic: &str) {
    let body = [
        &1_i32.to_be_bytes()[..],
        &text(topic),
        &1_i32.to_be_bytes(),
        &1_i16.to_be_bytes(),
        // Neither an assignment of replicas nor settings.
        &[0; 8],
        // Milliseconds until it gives up; not only a check.
        &60_000_i32.to_be_bytes(),
        &[0],
    ]
    .concat();
    let answer = ask(address, 19, 2, &body);
    let error = &answer[8 + text(topic).len()..][..2];
    assert_eq!(error, [0, 0], "{answer:?}");
}

/// Writes one record: Produce, version 3.
fn produce(address: &str, topic: &str, value: &[u8]) {
    // A number below 64 is one byte that holds its double.
    let length = |length: usize| u8::try_from(2 * length).unwrap();
    // Attributes, time and offset; no key; no headers.
    let record = [&[0, 0, 0, 1, length(value.len())][..], value, &[0]].concat();
    let batch = [
        // Attributes and the last offset in it.
        &[0; 6][..],
        // First and last time.
        &[0; 16],
        // The producer has no number, no epoch and no sequence.
        &[0xff; 14],
        &1_i32.to_be_bytes(),
        &[length(record.len())],
        &record,
    ]
    .concat();
    let batch = [
        // No epoch of a leader; version 2.
        &[0xff, 0xff, 0xff, 0xff, 2][..],
        &crc32c(&batch).to_be_bytes(),
        &batch,
    ]
    .concat();
    let batch = [&[0; 8][..], &sized(&batch)].concat();
    let body = [
        // No transaction; all replicas.
        &[0xff; 4][..],
        &60_000_i32.to_be_bytes(),
        &1_i32.to_be_bytes(),
        &text(topic),
        // One partition, which is number 0.
        &[0, 0, 0, 1, 0, 0, 0, 0],
        &sized(&batch),
    ]
    .concat();
    ask_until_it_leads(address, 0, 3, &body, 4 + text(topic).len() + 8);
}

/// What the topic's log holds: Fetch, version 4.
fn fetch(address: &str, topic: &str) -> Vec<u8> {
    let body = [
        // No replica; milliseconds to wait, fewest and most bytes.
        &(-1_i32).to_be_bytes()[..],
        &0_i32.to_be_bytes(),
        &0_i32.to_be_bytes(),
        &1_000_000_i32.to_be_bytes(),
        // Uncommitted ones too.
        &[0],
        &1_i32.to_be_bytes(),
        &text(topic),
        // One partition, which is number 0, from the start.
        &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &1_000_000_i32.to_be_bytes(),
    ]
    .concat();
    ask_until_it_leads(address, 1, 4, &body, 8 + text(topic).len() + 8)
}

fn holds(answer: &[u8], value: &[u8]) -> bool {
    answer.windows(value.len()).any(|window| window == value)
}

/// Repeats the request while the broker does not know yet that it leads the new partition. `error`
/// is where the answer has its error.
fn ask_until_it_leads(address: &str, api: i16, version: i16, body: &[u8], error: usize) -> Vec<u8> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = ask(address, api, version, body);
        match i16::from_be_bytes([answer[error], answer[error + 1]]) {
            0 => return answer,
            // No such topic, no leader, not the leader.
            3 | 5 | 6 if Instant::now() < deadline => {}
            other => panic!("error {other}"),
        }
    }
}

/// Sends one request and returns the answer without its number.
fn ask(address: &str, api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = [api.to_be_bytes(), version.to_be_bytes()].concat();
    let request = [&head[..], &[0; 4], &text("test"), body].concat();
    stream.write_all(&sized(&request)).unwrap();
    let mut size = [0; 4];
    stream.read_exact(&mut size).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer.split_off(4)
}

fn text(text: &str) -> Vec<u8> {
    [&i16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&i32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum: u32, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 }
        })
    })
}
