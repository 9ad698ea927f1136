//! What goes over the wire: the arguments of the scripts, and what they answer.

use std::collections::HashSet;

use ::redis::{
    FromRedisValue, ParsingError, RedisError, RedisWrite, ToRedisArgs, Value, from_redis_value,
};
use tidemark_store::clock::Millis;

use crate::{ArticleId, ViewError};

impl ToRedisArgs for ArticleId {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        self.0.write_redis_args(out);
    }
}

impl FromRedisValue for ArticleId {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        from_redis_value(value).map(Self)
    }
}

impl From<ParsingError> for ViewError {
    fn from(error: ParsingError) -> Self {
        RedisError::from(error).into()
    }
}

impl From<RedisError> for ViewError {
    fn from(error: RedisError) -> Self {
        ViewError::Store(format!("Redis: {error}"))
    }
}

/// The id of a new batch: the time by Redis' clock, which tells its age, and a random part, which
/// makes it unique.
pub(super) fn generation_id(now: Millis, random: u64) -> String {
    format!("{now}-{random:016x}")
}

/// The answer of `record.lua`, but for the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The batch is recorded.
    Recorded {
        /// The entries before the batch's own that the process had not read.
        unread: Vec<u8>,
        /// Where the batch's own entries end: a chunk and a byte.
        end: (i64, i64),
        /// The total of each article, if Redis has it.
        totals: Vec<Option<i64>>,
    },
    /// Nothing is recorded: others have added entries that the decisions depend on.
    Conflict {
        /// The entries that the process had not read.
        unread: Vec<u8>,
        /// Where they end: a chunk and a byte.
        end: (i64, i64),
    },
    /// Nothing is recorded: the process has to read the log first.
    Behind {
        /// The log's name.
        log: String,
        /// Its last chunk.
        last_chunk: i64,
        /// All its chunks.
        chunks: Vec<i64>,
    },
    /// Nothing is recorded: the process decided for another time.
    OtherTime,
}

impl Answer {
    /// Reads an answer. Returns it with the time at which the script ran.
    pub(super) fn read(answer: Vec<Value>) -> Result<(Self, Millis), ViewError> {
        let mut answer = answer.into_iter();
        let (name, now): (String, i64) = (next(&mut answer)?, next(&mut answer)?);
        let now = Millis(now);
        let read = match name.as_str() {
            "recorded" => Answer::Recorded {
                unread: next(&mut answer)?,
                end: (next(&mut answer)?, next(&mut answer)?),
                totals: answer.map(from_redis_value).collect::<Result<_, _>>()?,
            },
            "conflict" => Answer::Conflict {
                unread: next(&mut answer)?,
                end: (next(&mut answer)?, next(&mut answer)?),
            },
            "behind" => Answer::Behind {
                log: next(&mut answer)?,
                last_chunk: next(&mut answer)?,
                chunks: next(&mut answer)?,
            },
            "other time" => Answer::OtherTime,
            _ => return Err(unreadable()),
        };
        Ok((read, now))
    }
}

/// The next value of a script's answer.
pub(super) fn next<T: FromRedisValue>(
    answer: &mut impl Iterator<Item = Value>,
) -> Result<T, ViewError> {
    Ok(from_redis_value(answer.next().ok_or_else(unreadable)?)?)
}

/// A number as a script argument.
pub(super) fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A set as script arguments: its size, then its members.
pub(super) fn set(members: &HashSet<String>) -> impl Iterator<Item = Vec<u8>> {
    let count = number(i64::try_from(members.len()).unwrap_or(i64::MAX));
    std::iter::once(count).chain(members.iter().map(|member| member.clone().into_bytes()))
}

pub(crate) fn unreadable() -> ViewError {
    ViewError::Store("Redis: an answer that can't be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_an_answer_that_nobody_knows_is_an_error_and_not_taken_for_recorded() {
        let text = |text: &str| Value::BulkString(text.into());
        let read = |name, rest: &[Value]| {
            let mut answer = vec![text(name), Value::Int(5)];
            answer.extend_from_slice(rest);
            Answer::read(answer)
        };
        let rest = [text("an entry"), Value::Int(3), Value::Int(16), Value::Nil, Value::Int(7)];
        let (unread, end) = (b"an entry".to_vec(), (3, 16));
        let recorded =
            Answer::Recorded { unread: unread.clone(), end, totals: vec![None, Some(7)] };
        assert_eq!(read("recorded", &rest).unwrap(), (recorded, Millis(5)));
        let conflict = Answer::Conflict { unread, end };
        assert_eq!(read("conflict", &rest[..3]).unwrap(), (conflict, Millis(5)));
        assert_eq!(read("other time", &[]).unwrap(), (Answer::OtherTime, Millis(5)));
        for (name, rest) in [("", &rest[..]), ("recorded", &rest[..2]), ("behind", &[])] {
            assert!(read(name, rest).is_err(), "{name}");
        }
        assert!(Answer::read(Vec::new()).is_err());
    }
}
