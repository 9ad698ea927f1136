//! Prepares Kafka.

use clap::Subcommand;
use tidemark_stream::admin::{init, judge, look};

use super::super::config::Config;
use super::super::doctor::kafka_finding;
use super::doctor::show;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum KafkaCommand {
    /// Make the topic of kafka.topic with the right settings, unless it is there, and say what it
    /// guarantees
    Init,
}

pub(super) async fn kafka(config: &Config, command: KafkaCommand) -> Result<(), String> {
    let KafkaCommand::Init = command;
    let settings = config.kafka.settings().ok_or(
        "kafka.brokers is empty; set it (TIDEMARK_KAFKA__BROKERS) to HOST:PORT of a broker",
    )?;
    let topic = &settings.topic;
    let made = init(&settings).await.map_err(|error| {
        format!("The topic {topic} could not be made at {}: {error}", settings.brokers)
    })?;
    if made {
        say!("Made the topic {topic}.");
    } else {
        say!("The topic {topic} is there already; it was left as it is.");
    }
    let found = look(&settings).await.map_err(|error| error.to_string())?;
    let findings: Vec<_> = judge(topic, &found).into_iter().map(kafka_finding).collect();
    show(&findings);
    Ok(())
}
