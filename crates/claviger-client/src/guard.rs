//! A layer in front of a service: nothing reaches it but what a Claviger lets through.
//!
//! What must stay true: the service is not called, and no body is read, before there is a [`Passage`]; the service sees
//! no `X-Claviger-*` header, which anybody may send, but the passage in the request's extensions, which nobody can.

mod answer;

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::check::{Checker, Demand, NotPassed, Passage};

/// How headers begin that a server tells, and strangers may send.
const PREFIX: &str = "x-claviger-";

/// Guards services with checks. The passage is in the extensions of each request that goes through.
///
/// What needs no credential, as a health check or the preflights of CORS, stays outside of it. In axum the layer sees
/// the path that is left by `nest`.
#[derive(Clone)]
pub struct GuardLayer {
    guard: Arc<Guard>,
}

#[derive(Clone)]
struct Guard {
    checker: Checker,
    demanded: Demanded,
    keeps_credential: bool,
    address: Option<AddressOf>,
    refused: Option<Refused>,
}

type AddressOf = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;
type Refused = Arc<dyn Fn(&NotPassed) + Send + Sync>;

#[derive(Clone)]
enum Demanded {
    Always(Demand),
    Of(Arc<dyn Fn(&Parts) -> Demand + Send + Sync>),
    ByRoutes,
}

impl GuardLayer {
    /// Demands the same of every request.
    pub fn new(checker: Checker, demand: Demand) -> Self {
        Self::of(checker, Demanded::Always(demand))
    }

    /// Demands what `demand` says of each request. The path in there is as it was sent: nothing in it is decoded.
    pub fn by_request(checker: Checker, demand: impl Fn(&Parts) -> Demand + Send + Sync + 'static) -> Self {
        Self::of(checker, Demanded::Of(Arc::new(demand)))
    }

    /// Demands what the server's route table says. It must run with `--routes`: without a table it lets every
    /// credential through that counts; see [`Checker::has_route_table`].
    pub fn by_route_table(checker: Checker) -> Self {
        Self::of(checker, Demanded::ByRoutes)
    }

    fn of(checker: Checker, demanded: Demanded) -> Self {
        let guard = Guard { checker, demanded, keeps_credential: false, address: None, refused: None };
        Self { guard: Arc::new(guard) }
    }

    /// Leaves the credential in the request; else the service does not see it.
    #[must_use]
    pub fn keep_credential(self) -> Self {
        self.with(|guard| guard.keeps_credential = true)
    }

    /// Tells the server where requests come from: see [`Caller::at`](crate::Caller::at). Never take the address out of a
    /// header that callers can send.
    #[must_use]
    pub fn client_address(self, of: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|guard| guard.address = Some(Arc::new(of)))
    }

    /// Tells of each request that does not go through, for a log. Callers are not told what is wrong with the checks.
    #[must_use]
    pub fn on_refusal(self, told: impl Fn(&NotPassed) + Send + Sync + 'static) -> Self {
        self.with(|guard| guard.refused = Some(Arc::new(told)))
    }

    fn with(mut self, change: impl FnOnce(&mut Guard)) -> Self {
        change(Arc::make_mut(&mut self.guard));
        self
    }
}

impl fmt::Debug for GuardLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").field("checker", &self.guard.checker).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { layer: self.clone(), inner }
    }
}

/// A service behind a [`GuardLayer`].
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    layer: GuardLayer,
    inner: S,
}

impl<S, B, A> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    A: From<String>,
{
    type Response = Response<A>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<A>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that said that it is ready is called; its clone may not be yet.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guard = Arc::clone(&self.layer.guard);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match guard.check(&parts).await {
                Ok(passage) => {
                    guard.clean(&mut parts.headers);
                    parts.extensions.insert(passage);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(why) => {
                    if let Some(refused) = &guard.refused {
                        refused(&why);
                    }
                    Ok(answer::to(&why).map(A::from))
                }
            }
        })
    }
}

impl Guard {
    async fn check(&self, parts: &Parts) -> Result<Passage, NotPassed> {
        let mut caller = self.checker.caller(&parts.headers);
        if let Some(address) = self.address.as_ref().and_then(|address| address(parts)) {
            caller = caller.at(address);
        }
        match &self.demanded {
            Demanded::Always(demand) => self.checker.check(&caller, demand).await,
            Demanded::Of(demand) => self.checker.check(&caller, &demand(parts)).await,
            Demanded::ByRoutes => {
                let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
                self.checker.check_request(&caller, &parts.method, target).await
            }
        }
    }

    /// Takes off what the service must not believe, also where it takes one separator for another: `X.Claviger.Role`.
    fn clean(&self, headers: &mut HeaderMap) {
        let alike = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
        let looks_told = |name: &&HeaderName| name.as_str().bytes().map(alike).take(PREFIX.len()).eq(PREFIX.bytes());
        let told: Vec<HeaderName> = headers.keys().filter(looks_told).cloned().collect();
        for name in told {
            headers.remove(name);
        }
        if !self.keeps_credential {
            headers.remove(self.checker.credential_header());
        }
    }
}
