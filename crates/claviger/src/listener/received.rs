//! Whether the whole of a request was read when it was answered.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::Request;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

/// What is known of a request's body. There is nothing to know where it has none.
pub(super) struct Received(Option<Arc<AtomicBool>>);

/// A body that tells when it has been read to its end.
struct Counted {
    body: Incoming,
    is_whole: Arc<AtomicBool>,
}

impl Received {
    /// The same request, watched.
    pub(super) fn of(request: Request<Incoming>) -> (Request<Body>, Self) {
        if request.body().is_end_stream() {
            return (request.map(Body::new), Self(None));
        }
        let is_whole = Arc::new(AtomicBool::new(false));
        let received = Self(Some(Arc::clone(&is_whole)));
        (request.map(|body| Body::new(Counted { body, is_whole })), received)
    }

    /// Whether all of it has been read.
    pub(super) fn is_whole(&self) -> bool {
        self.0.as_ref().is_none_or(|is_whole| is_whole.load(Ordering::Relaxed))
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.is_whole.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
