//! Batches questions that are asked concurrently.
//!
//! There is no timer: questions that arrive during a lookup are answered together by the next one.
//! Under load, one lookup serves many. At rest, a question is answered at once. No answer is older
//! than its question.

use tokio::sync::{mpsc, oneshot};

/// Asks questions. Cheap to clone. When the last clone is dropped, [`Gatherer::next`] returns no
/// more questions.
#[derive(Debug)]
pub struct Asker<Question, Answer>(mpsc::Sender<Asked<Question, Answer>>);

impl<Question, Answer> Clone for Asker<Question, Answer> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Question, Answer> Asker<Question, Answer> {
    /// Asks and waits for an answer that was looked up after this call. Returns `None` if the queue
    /// is full or the answering side has stopped.
    pub async fn ask(&self, question: Question) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Asked { question, reply }).ok()?;
        answer.await.ok()
    }
}

/// A question with the channel for its answer.
#[derive(Debug)]
pub struct Asked<Question, Answer> {
    /// The question.
    pub question: Question,
    reply: oneshot::Sender<Answer>,
}

impl<Question, Answer> Asked<Question, Answer> {
    /// Sends the answer.
    pub fn answer(self, answer: Answer) {
        // Ignore an asker who has gone.
        let _ = self.reply.send(answer);
    }

    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// The receiving side: collects questions into batches.
#[derive(Debug)]
pub struct Gatherer<Question, Answer> {
    receiver: mpsc::Receiver<Asked<Question, Answer>>,
    most: usize,
}

/// A queue of at most `queue` questions, read in batches of at most `most`.
pub fn gather<Question, Answer>(
    queue: usize,
    most: usize,
) -> (Asker<Question, Answer>, Gatherer<Question, Answer>) {
    let (sender, receiver) = mpsc::channel(queue);
    (Asker(sender), Gatherer { receiver, most })
}

impl<Question, Answer> Gatherer<Question, Answer> {
    /// Waits for a question and returns it with all others in the queue, up to the limit. Questions
    /// whose asker has gone are dropped; after a slow lookup there may be thousands. Returns an
    /// empty batch once all askers are gone.
    pub async fn next(&mut self) -> Vec<Asked<Question, Answer>> {
        let mut asked = Vec::new();
        while asked.is_empty() && self.receiver.recv_many(&mut asked, self.most).await > 0 {
            asked.retain(Asked::is_awaited);
        }
        // Let tasks that are ready to run ask first. Under load this makes batches larger; at rest
        // it costs nothing.
        let mut before = 0;
        while before < asked.len() {
            before = asked.len();
            tokio::task::yield_now().await;
            while asked.len() < self.most
                && let Ok(next) = self.receiver.try_recv()
            {
                asked.push(next);
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn simultaneous_questions_are_batched_and_too_many_are_refused() {
        let (asker, mut gatherer) = gather::<i32, i32>(3, 2);
        let asking: Vec<_> = (1..=4)
            .map(|number| {
                tokio::spawn({
                    let asker = asker.clone();
                    async move { asker.ask(number).await }
                })
            })
            .collect();
        let mut batches = Vec::new();
        tokio::task::yield_now().await;
        drop(asker);
        loop {
            let batch = gatherer.next().await;
            if batch.is_empty() {
                break;
            }
            batches.push(batch.len());
            for asked in batch {
                let number = asked.question;
                asked.answer(number * 10);
            }
        }
        let mut answers = Vec::new();
        for answer in asking {
            answers.push(answer.await.unwrap());
        }
        assert_eq!(batches, [2, 1]);
        assert_eq!(answers, [Some(10), Some(20), Some(30), None]);
    }

    #[tokio::test]
    async fn an_abandoned_question_is_skipped() {
        let (asker, mut gatherer) = gather::<i32, i32>(4, 2);
        // Poll once to send the question, then drop the future.
        for number in 1..=3 {
            assert!(asker.ask(number).now_or_never().is_none());
        }
        let asking = tokio::spawn(async move { asker.ask(4).await });
        let batch = gatherer.next().await;
        assert_eq!(batch.iter().map(|asked| asked.question).collect::<Vec<_>>(), [4]);
        for asked in batch {
            asked.answer(40);
        }
        assert_eq!(asking.await.unwrap(), Some(40));
        assert!(gatherer.next().await.is_empty(), "no question is left");
    }
}
