//! Serves the HTTP side on a world whose samples are drawn and whose verdicts are real, to measure answers and to look at
//! dashboards without agents.
//!
//! `cargo run --release -p quorate-collector-http --example exhibit -- --checks 1000 --regions 5`
//!
//! Every check has one agent in each region and a past of 15 minutes. Of each ten checks one is down from most regions,
//! one fails from one region, one has no agents, and one is slow; the others are up. Each second new samples are judged
//! and a new picture is published.

mod answers;
mod picture;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_collector_http::{Config, Published, Service};
use quorate_model::CollectorTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::answers::Exhibit;
use crate::world::{Plan, World};

/// How often a new picture is published.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

fn arguments() -> Result<(SocketAddr, Plan), String> {
    let mut listen: SocketAddr = ([127, 0, 0, 1], 7480).into();
    let mut plan = Plan { checks: 10, regions: 5, interval_ms: 10_000 };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        let bad = |_| format!("{name}: {value:?} is not allowed here");
        match name.as_str() {
            "--listen" => listen = value.parse().map_err(|_| format!("--listen: {value:?} is not an address"))?,
            "--checks" => plan.checks = value.parse().map_err(bad)?,
            "--regions" => plan.regions = value.parse().map_err(bad)?,
            "--interval-ms" => plan.interval_ms = value.parse().map_err(bad)?,
            _ => return Err(format!("{name}: allowed are --listen, --checks, --regions, --interval-ms")),
        }
    }
    if !(1..=20).contains(&plan.regions) || plan.interval_ms < 100 {
        return Err("allowed are 1 to 20 regions and intervals of at least 100 ms".to_owned());
    }
    Ok((listen, plan))
}

fn now() -> CollectorTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    CollectorTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (listen, plan) = arguments()?;
    let mut world = World::new(plan, now());
    let present = Published::new(picture::of(&world, now()));
    let exhibit = Arc::new(Exhibit { checks: Arc::clone(&world.checks), present });
    let service = Service::new(Config::default(), TcpListener::bind(listen).await?, Arc::clone(&exhibit) as Arc<_>);
    let stop = CancellationToken::new();
    let publisher = tokio::spawn({
        let (exhibit, stop) = (Arc::clone(&exhibit), stop.clone());
        async move {
            let mut ticks = tokio::time::interval(PUBLISH_EVERY);
            while stop.run_until_cancelled(ticks.tick()).await.is_some() {
                let exhibit = Arc::clone(&exhibit);
                let drawn = tokio::task::spawn_blocking(move || {
                    let now = now();
                    world.advance(now);
                    exhibit.present.publish(picture::of(&world, now));
                    world
                });
                match drawn.await {
                    Ok(advanced) => world = advanced,
                    Err(_) => break,
                }
            }
        }
    });
    let server = tokio::spawn(service.run(stop.clone()));
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    server.await?;
    publisher.await?;
    Ok(())
}
