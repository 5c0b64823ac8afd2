//! Whether the database warned while something was committed.
//!
//! PostgreSQL reports a commit as done also where its wait for a standby was cancelled, by an operator or a shutdown: what it
//! committed may be lost with that server, and a warning alone tells. sqlx hands warnings to the log, and to nobody else, so a
//! layer of the log hears them here. What must stay true: it hears them whatever is logged, and only of the commit that was
//! being carried out at that moment.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::StoreError;

/// Where sqlx tells of them.
const TARGET: &str = "sqlx::postgres::notice";

thread_local! {
    /// Of what this thread is carrying out.
    static HEARD: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Hears warnings. One of the layers of the log.
pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>() -> impl Layer<S> {
    Hearing.with_filter(FilterFn::new(is_warning))
}

struct Hearing;

impl<S: Subscriber> Layer<S> for Hearing {
    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        HEARD.with_borrow(|heard| heard.iter().for_each(|heard| heard.store(true, Ordering::Relaxed)));
    }
}

fn is_warning(about: &Metadata<'_>) -> bool {
    about.target() == TARGET && *about.level() <= Level::WARN
}

/// Carries out what commits: what it came to, if that can be counted on.
pub(super) async fn counted_on<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T, StoreError> {
    match heard(work).await {
        (done, false) => Ok(done?),
        (Ok(_), true) => Err(StoreError::Doubtful),
        (Err(error), true) => Err(error.into()),
    }
}

/// Carries it out; what it came to, and whether the database warned meanwhile.
async fn heard<T>(work: impl Future<Output = T>) -> (T, bool) {
    let mut work = pin!(work);
    let heard = Arc::new(AtomicBool::new(false));
    let done = std::future::poll_fn(|context| {
        let outer = HEARD.replace(Some(Arc::clone(&heard)));
        let polled = work.as_mut().poll(context);
        HEARD.set(outer);
        polled
    });
    let done = done.await;
    (done, heard.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn warnings_are_heard_of_what_is_carried_out_and_of_nothing_else() {
        let logged = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let off = logged.with_filter(tracing_subscriber::EnvFilter::new("off"));
        let subscriber = tracing_subscriber::registry().with(off).with(layer());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let warns = || tracing::warn!(target: TARGET, "canceling wait for synchronous replication due to user request");
        tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(async {
                let both = async {
                    tokio::join!(
                        heard(async {
                            tokio::task::yield_now().await;
                            warns();
                        }),
                        heard(async {
                            tracing::info!(target: TARGET, "a notice is no warning");
                            tokio::task::yield_now().await;
                        }),
                    )
                };
                let (((), one), ((), other)) = both.await;
                assert!(one && !other);
                warns();
                assert!(!heard(async {}).await.1, "before");
            });
        });
    }
}
