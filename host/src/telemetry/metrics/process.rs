//! What the system knows of this process, under the names that Prometheus' clients agree on.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Asks the system each time a page is made. What it does not tell is left out: memory and threads are Linux's to tell.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let nanos = i32::try_from(time.tv_nsec).unwrap_or(0);
        let seconds = ConstCounter::new(i32::try_from(time.tv_sec).map_or(f64::MAX, f64::from) + f64::from(nanos) / 1e9);
        let help = "CPU time of the process, of all its threads.";
        seconds.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), seconds.metric_type())?)?;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kib = |key: &str| field(&status, key).map(|kib| kib.saturating_mul(1024));
        let open = std::fs::read_dir("/proc/self/fd").ok().map(|folder| folder.count()).and_then(|count| i64::try_from(count).ok());
        let open_max = getrlimit(Resource::Nofile).current.and_then(|max| i64::try_from(max).ok());
        let gauges = [
            ("process_resident_memory", "Memory of the process that is in use.", Some(Unit::Bytes), kib("VmRSS:")),
            (
                "process_virtual_memory",
                "Address space of the process, most of it reserved for sandboxes.",
                Some(Unit::Bytes),
                kib("VmSize:"),
            ),
            ("process_open_fds", "File handles that are open.", None, open),
            ("process_max_fds", "File handles that may be open.", None, open_max),
            ("process_threads", "Threads of the process.", None, field(&status, "Threads:")),
        ];
        for (name, help, unit, value) in gauges {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?)?;
        }
        Ok(())
    }
}

/// The number behind `key` in the kernel's word on a process.
fn field(status: &str, key: &str) -> Option<i64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}
