//! One request, asked about in each way that there is: as Envoy does over gRPC, with either form of headers, and over
//! HTTP; and as other gateways do.

use std::collections::BTreeMap;
use std::net::IpAddr;

use envoy_types::ext_authz::v3::pb::{Address, CheckRequest, CheckResponse, HeaderAppendAction, HttpResponse};
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use reqwest::Method;
use tokio_util::bytes::{Buf, BufMut};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};

use crate::answer::Answer;
use crate::raw::exchange;
use crate::world::{World, send};

/// A request to somebody's API, and what its route says that it takes.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) extensions: Vec<(String, String)>,
    pub(crate) source: Option<&'static str>,
}

/// What the caller, or the upstream, is told in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    /// Nobody's.
    pub(crate) fn of(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            extensions: Vec::new(),
            source: None,
        }
    }

    /// This account's, or nobody's where it has no name.
    pub(crate) fn by(self, world: &World, account: &str) -> Self {
        match account {
            "" => self,
            "nobody" => self.header("authorization", b"Basic nobody-service-account:wrong"),
            account => self.header("authorization", world.account(account).header().as_bytes()),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `project={shop}&role=admin`, as a query or as context extensions.
    pub(crate) fn taking(mut self, world: &World, what: &str) -> Self {
        let pairs = what.split('&').filter_map(|pair| pair.split_once('='));
        self.extensions = pairs.map(|(name, value)| (name.to_owned(), named(world, value))).collect();
        self
    }

    /// By `/auth/check`: the measure of all others.
    pub(crate) async fn by_forward_auth(&self, world: &World) -> Told {
        let query = serde_urlencoded::to_string(&self.extensions).expect("a query");
        let mut request = world.request(Method::GET, &format!("/auth/check?{query}"));
        for (name, value) in &self.headers {
            request = request.header(name, reqwest::header::HeaderValue::from_bytes(value).expect("a value"));
        }
        let request = request.header("x-forwarded-method", &self.method);
        Told::by_http(&send(request.header("x-forwarded-uri", &self.path)).await)
    }

    /// By Envoy over HTTP, which has no context extensions.
    pub(crate) async fn by_http(&self, world: &World) -> Told {
        let mut bytes = format!("{} /auth/envoy{} HTTP/1.1\r\nHost: x\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        let exchanged = exchange(world.address(), &bytes, usize::MAX).await;
        let (head, body) = exchanged.text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{exchanged:?}"));
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        Told::new(exchanged.statuses[0], headers, body)
    }

    /// As Envoy tells it by default: values of the same name joined, and what is no UTF-8 replaced.
    pub(crate) fn mapped(&self) -> CheckRequest {
        let mut headers = std::collections::HashMap::<String, String>::new();
        for (name, value) in self.all_headers() {
            let value = String::from_utf8_lossy(&value).replace('\u{fffd}', "!");
            let joined = headers.get(&name).map_or(value.clone(), |before| format!("{before},{value}"));
            headers.insert(name, joined);
        }
        self.message(|request| request.headers = headers)
    }

    /// As Envoy tells it with `encode_raw_headers`.
    pub(crate) fn raw(&self) -> CheckRequest {
        let header = |(key, raw_value)| core::HeaderValue { key, raw_value, ..core::HeaderValue::default() };
        let headers = self.all_headers().into_iter().map(header).collect();
        self.message(|request| request.header_map = Some(core::HeaderMap { headers }))
    }

    fn all_headers(&self) -> Vec<(String, Vec<u8>)> {
        let pseudo = [(":method", &*self.method), (":path", &*self.path), (":authority", "api.example.com")];
        let pseudo = pseudo.map(|(name, value)| (name.to_owned(), value.as_bytes().to_owned()));
        pseudo.into_iter().chain(self.headers.clone()).collect()
    }

    fn message(&self, with_headers: impl FnOnce(&mut HttpRequest)) -> CheckRequest {
        let mut http = HttpRequest { method: self.method.clone(), path: self.path.clone(), ..HttpRequest::default() };
        with_headers(&mut http);
        let socket = |address: &str| core::SocketAddress { address: address.to_owned(), ..Default::default() };
        let address = self.source.map(|source| core::Address { address: Some(Address::SocketAddress(socket(source))) });
        let attributes = AttributeContext {
            source: Some(Peer { address, ..Peer::default() }),
            request: Some(Request { http: Some(http), ..Request::default() }),
            context_extensions: self.extensions.iter().cloned().collect(),
            ..AttributeContext::default()
        };
        CheckRequest { attributes: Some(attributes) }
    }
}

fn named(world: &World, value: &str) -> String {
    if value.contains('{') { world.path(&format!("/{value}"))[1..].to_owned() } else { value.to_owned() }
}

impl Told {
    fn new<'h>(status: u16, headers: impl Iterator<Item = (&'h str, &'h str)>, body: &str) -> Self {
        let refusals = ["content-type", "cache-control", "x-content-type-options", "www-authenticate", "retry-after"];
        let is_told = |name: &str| name.starts_with("x-claviger-") || (status != 200 && refusals.contains(&name));
        let headers = headers.filter(|(name, _)| is_told(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    fn by_http(answer: &Answer) -> Self {
        let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
        Self::new(answer.status, headers, &answer.text)
    }

    /// Of a whole answer to Envoy, which must be one without two readings; and what is taken off the request.
    pub(crate) fn by_grpc(response: &CheckResponse) -> (Self, Vec<String>) {
        let code = response.status.as_ref().expect("a status").code;
        let (status, headers, body, removed) = match response.http_response.as_ref().expect("an answer") {
            HttpResponse::OkResponse(passes) => (200, &passes.headers, "", passes.headers_to_remove.clone()),
            HttpResponse::DeniedResponse(denied) => {
                let status = denied.status.as_ref().expect("a status").code;
                assert!(
                    denied.headers.iter().any(|one| one.header.as_ref().is_some_and(|one| one.key == "x-request-id"))
                );
                (u16::try_from(status).expect("a status"), &denied.headers, &*denied.body, Vec::new())
            }
            HttpResponse::ErrorResponse(error) => panic!("to Envoy this may be no refusal: {error:?}"),
        };
        let expected = match status {
            200 => tonic::Code::Ok,
            400 => tonic::Code::InvalidArgument,
            401 => tonic::Code::Unauthenticated,
            403 => tonic::Code::PermissionDenied,
            429 => tonic::Code::ResourceExhausted,
            503 => tonic::Code::Unavailable,
            other => panic!("{other} is no answer to a check"),
        };
        assert_eq!(code, expected as i32, "{response:?}");
        for option in headers {
            assert_eq!(option.append_action(), HeaderAppendAction::OverwriteIfExistsOrAdd, "{option:?}");
            assert!(option.keep_empty_value, "{option:?}");
        }
        let headers: Vec<_> = headers.iter().map(|option| option.header.as_ref().expect("a header")).collect();
        let mut names: Vec<&str> = headers.iter().map(|header| &*header.key).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), headers.len(), "each header once: {headers:?}");
        (Self::new(status, headers.iter().map(|header| (&*header.key, &*header.value)), body), removed)
    }

    /// The code of a refusal, or how the request goes through.
    pub(crate) fn outcome(&self) -> String {
        let header = |name: &str| self.headers.get(name).cloned();
        match self.status {
            200 => {
                let known = header("x-claviger-username").map(|_| "ok".to_owned());
                header("x-claviger-role").or(known).unwrap_or_else(|| "open".to_owned())
            }
            _ => {
                let body: serde_json::Value = serde_json::from_str(&self.body).expect("JSON");
                let code = body["code"].as_str().expect("a code").to_owned();
                assert_eq!(self.headers.get("x-claviger-reason"), Some(&code), "{self:?}");
                code
            }
        }
    }
}

/// One connection, as a gateway keeps it.
pub(crate) struct Gateway {
    channel: Channel,
}

impl Gateway {
    pub(crate) async fn connect(world: &World) -> Self {
        Self::connect_from(world, None).await
    }

    pub(crate) async fn connect_from(world: &World, from: Option<IpAddr>) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", world.address())).expect("an address");
        let channel = endpoint.local_address(from).connect().await.expect("a connection");
        Self { channel }
    }

    /// The same connection.
    pub(crate) fn client(&self) -> AuthorizationClient<Channel> {
        AuthorizationClient::new(self.channel.clone())
    }

    /// Asks for a check with these bytes as its message.
    pub(crate) async fn sends(&self, message: Vec<u8>) -> Result<Vec<u8>, Status> {
        self.call("/envoy.service.auth.v3.Authorization/Check", message).await
    }

    /// Calls something else.
    pub(crate) async fn calls(&self, path: &str) -> Result<Vec<u8>, Status> {
        self.call(path, Vec::new()).await
    }

    async fn call(&self, path: &str, message: Vec<u8>) -> Result<Vec<u8>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.expect("a connection");
        let path = path.parse().expect("a path");
        grpc.unary(tonic::Request::new(message), path, Bytes).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn checks(&self, message: CheckRequest) -> CheckResponse {
        self.client().check(message).await.expect("an answer").into_inner()
    }

    /// What is told, with headers as text.
    pub(crate) async fn told(&self, asked: &Asked) -> Told {
        Told::by_grpc(&self.checks(asked.mapped()).await).0
    }

    /// The same with either form of headers, which must make no difference.
    pub(crate) async fn told_alike(&self, asked: &Asked) -> Told {
        let told = self.told(asked).await;
        let raw = Told::by_grpc(&self.checks(asked.raw()).await).0;
        assert_eq!(told, raw, "{asked:?}");
        told
    }
}

/// Messages as bytes, which need be none.
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}
