//! TCP ports that talk, and an echo.

use anyhow::Result;
use quorate_model::check::{Family, IcmpSpec, TcpSpec};
use quorate_model::{Failure, ProbeSpec};

use crate::lab::scripted::{Step, serve};
use crate::lab::silence::{refusing, silent};
use crate::lab::{Patience, Servers, Target};

const CONNECT: &str = "{prober: tcp, tcp: {}}";

fn target(
    name: &'static str,
    about: &'static str,
    address: String,
    dialogue: [Option<&str>; 2],
    module: &str,
) -> Target {
    let [send, expect] = dialogue.map(|text| text.map(str::to_owned));
    let spec = TcpSpec { address: address.clone(), family: Family::Any, send, expect };
    Target::new(name, about, ProbeSpec::Tcp(spec), address, module)
}

pub(super) async fn start(servers: &mut Servers) -> Result<Vec<Target>> {
    let greeting = vec![Step::Send(b"220 mail.example.com ESMTP\r\n".to_vec()), Step::Hold];
    let echo = vec![Step::Await(b"PING\n"), Step::Send(b"PONG\n".to_vec()), Step::Hold];
    let greets = serve(&mut servers.tasks, greeting).await?.to_string();
    let echoes = serve(&mut servers.tasks, echo).await?.to_string();
    let mute = serve(&mut servers.tasks, vec![Step::Hold]).await?.to_string();
    let (refuses, drops) = (refusing()?, silent()?);
    let targets = vec![
        target("tcp_open", "a port that accepts", mute.clone(), [None, None], CONNECT),
        target(
            "tcp_greeting",
            "the wanted greeting",
            greets.clone(),
            [None, Some("^220 ")],
            "{prober: tcp, tcp: {query_response: [{expect: '^220 '}]}}",
        ),
        target(
            "tcp_dialogue",
            "the wanted answer to a question",
            echoes,
            [Some("PING\n"), Some("PONG")],
            "{prober: tcp, tcp: {query_response: [{send: 'PING'}, {expect: 'PONG'}]}}",
        ),
        target(
            "tcp_other_greeting",
            "another greeting, and then silence",
            greets,
            [None, Some("^554 ")],
            "{prober: tcp, tcp: {query_response: [{expect: '^554 '}]}}",
        )
        .fails(Failure::Timeout)
        .patience(Patience::Short),
        target(
            "tcp_mute",
            "a port that accepts and says nothing",
            mute,
            [None, Some("^220 ")],
            "{prober: tcp, tcp: {query_response: [{expect: '^220 '}]}}",
        )
        .fails(Failure::Timeout)
        .patience(Patience::Short),
        target("tcp_refused", "a port nobody listens on", refuses.address.to_string(), [None, None], CONNECT)
            .fails(Failure::ConnectRefused),
        target("tcp_black_hole", "a port that drops what comes", drops.address.to_string(), [None, None], CONNECT)
            .fails(Failure::ConnectTimeout)
            .patience(Patience::Short),
        Target::new(
            "icmp_loopback",
            "this host's own echo",
            ProbeSpec::Icmp(IcmpSpec { host: "127.0.0.1".to_owned(), family: Family::Any, payload_bytes: 56 }),
            "127.0.0.1".to_owned(),
            "{prober: icmp, icmp: {preferred_ip_protocol: ip4}}",
        ),
    ];
    servers.held.extend([refuses, drops]);
    Ok(targets)
}
