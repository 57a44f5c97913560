//! HTTP/2 only, and gRPC's health service on it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use quorate_model::check::{Family, GrpcSpec, HttpSpec, HttpVersion, TlsSettings};
use quorate_model::{Failure, ProbeSpec};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::lab::certificates::Authority;
use crate::lab::http_targets::get;
use crate::lab::scripted::{Step, answers, serve};
use crate::lab::{Servers, Target};

const MAX_REQUEST_BYTES: usize = 4096;
/// The services the lab's health service knows, as its protocol names their states.
const SERVING: &str = "shop.v1.Shop";
const NOT_SERVING: &str = "shop.v1.Cart";

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    if request.uri().path() != "/grpc.health.v1.Health/Check" {
        return Ok(Response::new(Full::new(Bytes::from_static(b"hello")).boxed()));
    }
    let body = http_body_util::Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    // Five bytes of frame, a field's key and its length, then the name; the empty name has no field at all.
    let service = body.get(7..).unwrap_or_default();
    let (status, reply): (&'static str, &'static [u8]) = match std::str::from_utf8(service) {
        Ok("" | SERVING) => ("0", &[0, 0, 0, 0, 2, 8, 1]),
        Ok(NOT_SERVING) => ("0", &[0, 0, 0, 0, 2, 8, 2]),
        _ => ("5", &[]),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let body = Full::new(Bytes::from_static(reply)).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    Ok(response)
}

async fn serve_http2(tasks: &mut JoinSet<()>, tls: Option<TlsAcceptor>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(connection(stream, tls.clone()));
        }
    });
    Ok(address)
}

/// A client that goes early is no concern of the server's.
async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>) {
    let server = http2::Builder::new(TokioExecutor::new());
    match tls {
        None => {
            server.serve_connection(TokioIo::new(stream), service_fn(answer)).await.ok();
        }
        Some(tls) => {
            let Ok(stream) = tls.accept(stream).await else { return };
            server.serve_connection(TokioIo::new(stream), service_fn(answer)).await.ok();
        }
    }
}

pub(super) async fn start(servers: &mut Servers, directory: &Path) -> Result<Vec<Target>> {
    let authority = Authority::new("authority-h2", directory)?;
    let tls = TlsAcceptor::from(Arc::clone(&authority.valid()?.server(&[b"h2"])?));
    let plain = serve_http2(&mut servers.tasks, None).await?;
    let secure = serve_http2(&mut servers.tasks, Some(tls)).await?;
    // It keeps the connection open, so that its answer is read before a write fails.
    let http1 = [answers("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), vec![Step::Hold]].concat();
    let http1 = serve(&mut servers.tasks, http1).await?;
    let settings = TlsSettings { ca_pem: Some(authority.pem()), ..TlsSettings::default() };
    let ca_file = authority.file.display();

    let http =
        |version, url: &str, tls: &TlsSettings| ProbeSpec::Http(HttpSpec { version, tls: tls.clone(), ..get(url) });
    let plain_url = format!("http://{plain}/");
    let secure_url = format!("https://{secure}/");
    let http1_url = format!("http://{http1}/");
    let none = TlsSettings::default();
    let secure_module = format!("{{prober: http, http: {{tls_config: {{ca_file: {ca_file}}}}}}}");
    let mut targets = vec![
        Target::new(
            "http2_by_alpn",
            "HTTP/2 only, agreed on in TLS",
            http(HttpVersion::Auto, &secure_url, &settings),
            secure_url.clone(),
            &secure_module,
        ),
        Target::new(
            "http2_refuses_http1",
            "HTTP/1.1 only asked of a server that speaks HTTP/2 only",
            http(HttpVersion::Http1, &secure_url, &settings),
            secure_url,
            &format!("{{prober: http, http: {{enable_http2: false, tls_config: {{ca_file: {ca_file}}}}}}}"),
        )
        .fails(Failure::Tls),
        Target::new(
            "http2_prior_knowledge",
            "HTTP/2 only, without TLS",
            http(HttpVersion::Http2, &plain_url, &none),
            plain_url,
            "{prober: http, http: {}}",
        )
        .fails_only_there("the peer does not speak HTTP/2 without TLS"),
        Target::new(
            "http2_of_http1",
            "HTTP/2 asked of a server that speaks HTTP/1.1 only",
            http(HttpVersion::Http2, &http1_url, &none),
            http1_url,
            "{prober: http, http: {valid_http_versions: ['HTTP/2.0']}}",
        )
        .fails(Failure::Protocol),
    ];
    targets.extend(health_checks(plain, secure, http1, &settings, &ca_file.to_string()));
    Ok(targets)
}

fn health_checks(
    plain: SocketAddr,
    secure: SocketAddr,
    http1: SocketAddr,
    settings: &TlsSettings,
    ca_file: &str,
) -> Vec<Target> {
    let target = |name, about, address: SocketAddr, service: &str| {
        let spec =
            GrpcSpec { address: address.to_string(), family: Family::Any, service: service.to_owned(), tls: None };
        let module = format!("{{prober: grpc, grpc: {{service: '{service}', preferred_ip_protocol: ip4}}}}");
        Target::new(name, about, ProbeSpec::Grpc(spec), address.to_string(), &module)
    };
    let over_tls = GrpcSpec {
        address: secure.to_string(),
        family: Family::Any,
        service: SERVING.to_owned(),
        tls: Some(settings.clone()),
    };
    let tls_module = format!(
        "{{prober: grpc, grpc: {{service: '{SERVING}', tls: true, preferred_ip_protocol: ip4, \
         tls_config: {{ca_file: {ca_file}}}}}}}"
    );
    vec![
        target("grpc_serving", "a service that serves", plain, SERVING),
        target("grpc_server", "the server as a whole", plain, ""),
        Target::new(
            "grpc_over_tls",
            "a service that serves, over TLS",
            ProbeSpec::Grpc(over_tls),
            secure.to_string(),
            &tls_module,
        ),
        target("grpc_not_serving", "a service that does not serve", plain, NOT_SERVING).fails(Failure::NotServing),
        target("grpc_unknown", "a service nobody knows", plain, "shop.v1.Nothing").fails(Failure::NotServing),
        target("grpc_of_http1", "a server that speaks HTTP/1.1 only", http1, "").fails(Failure::Protocol),
    ]
}
