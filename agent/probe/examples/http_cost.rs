//! What one HTTP probe on a new connection costs this process in CPU time.
//!
//! Budget: at most 1.5 x what `wrk -H 'Connection: close'` pays for the same requests in the same run, and at most an
//! eighth of what `blackbox_exporter` pays. `benches/beside_peers.sh` runs all three and prints the ratios.
//!
//! Usage: `http_cost URL [PROBES] [AT_ONCE] [THREADS]`; prints one line of `name=value` pairs.

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use quorate_agent_probe::{Context, Timing, parse_target, prepare};
use quorate_model::{Millis, Outcome};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// CPU time of all threads of this process, user and system, in nanoseconds.
fn cpu_time_ns() -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().ok_or("empty schedstat")?.parse::<u64>()?;
    }
    Ok(sum)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: http_cost URL [PROBES] [AT_ONCE] [THREADS]")?;
    let mut number = |otherwise: u64| arguments.next().map_or(Ok(otherwise), |text| text.parse::<u64>());
    let (probes, at_once, threads) = (number(50_000)?, number(8)?, number(1)?);

    let timing = Timing::new(Millis::from_secs(5))?;
    let prepared = Arc::new(prepare(&parse_target(&url)?, timing)?);
    let context = Context::default();
    let runtime = if threads == 1 {
        Builder::new_current_thread().enable_all().build()?
    } else {
        Builder::new_multi_thread().worker_threads(usize::try_from(threads)?).enable_all().build()?
    };
    let done = Arc::new(AtomicU64::new(0));
    let wrong = Arc::new(AtomicU64::new(0));
    let (cpu_before, wall_before) = (cpu_time_ns()?, Instant::now());
    let cpu_after = runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (prepared, context) = (Arc::clone(&prepared), context.clone());
            let (done, wrong) = (Arc::clone(&done), Arc::clone(&wrong));
            workers.spawn(async move {
                while done.fetch_add(1, Ordering::Relaxed) < probes {
                    let finding = prepared.run(&context).await;
                    if finding.outcome != Outcome::Ok {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker?;
        }
        // Read here, while the runtime's threads still live.
        cpu_time_ns()
    })?;
    let wall = wall_before.elapsed();
    let wrong = wrong.load(Ordering::Relaxed);
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let cpu_us = (cpu_after - cpu_before) as f64 / 1000.0 / probes as f64;
    #[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
    {
        println!(
            "probes={probes} wrong={wrong} at_once={at_once} threads={threads} wall_s={:.2} cpu_us_per_probe={cpu_us:.2}",
            wall.as_secs_f64()
        );
    }
    Ok(())
}
