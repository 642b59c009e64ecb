//! What the variables come to.

use super::*;

fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::of(&Env::of(variables)).unwrap().unwrap()
}

fn wrong(variable: (&str, &str)) -> String {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    Settings::of(&Env::of(&[endpoint, variable])).unwrap_err().to_string()
}

#[test]
fn nothing_is_sent_unless_an_endpoint_is_named() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    for variables in [
        &[][..],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
        &[("OTEL_SERVICE_NAME", "birds")],
        &[endpoint, ("OTEL_SDK_DISABLED", "TRUE")],
        &[endpoint, ("OTEL_TRACES_EXPORTER", "none")],
    ] {
        assert!(Settings::of(&Env::of(variables)).unwrap().is_none(), "{variables:?}");
    }
}

#[test]
fn the_endpoint_of_all_signals_gets_the_path_of_traces() {
    let of_all = |address: &str| settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", address)]).endpoint.to_string();
    assert_eq!(of_all("http://collector:4318"), "http://collector:4318/v1/traces");
    assert_eq!(of_all("https://example.org/otlp/"), "https://example.org/otlp/v1/traces");
    let own = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/as-it-is")];
    assert_eq!(settings(&own).endpoint.as_str(), "http://b/as-it-is");
}

#[test]
fn what_is_said_of_the_host_is_what_the_operator_says_first() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let resource = |variables: &[(&str, &str)]| settings(&[&[endpoint], variables].concat()).resource;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let version = pair("service.version", env!("CARGO_PKG_VERSION"));
    assert_eq!(resource(&[]), [pair("service.name", "crowdhook"), version.clone()]);
    let said = [("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,where=b%2Cc"), ("OTEL_SERVICE_NAME", "birds")];
    assert_eq!(resource(&said), [pair("where", "b,c"), pair("service.name", "birds"), version]);
}

#[test]
fn what_makes_no_sense_is_named_and_secrets_are_not() {
    assert!(wrong(("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")).contains("`OTEL_EXPORTER_OTLP_PROTOCOL` asks for `grpc`"));
    assert!(wrong(("OTEL_TRACES_SAMPLER", "jaeger_remote")).contains("`traceidratio`"));
    let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")];
    assert!(Settings::of(&Env::of(&endpoint)).unwrap_err().to_string().contains("is no address"));
    let headers = wrong(("OTEL_EXPORTER_OTLP_HEADERS", "must-not-show"));
    assert_eq!(headers, "the environment variable `OTEL_EXPORTER_OTLP_HEADERS` is not `key=value,key=value`");
}

#[test]
fn a_share_of_the_traces_is_the_same_share_everywhere() {
    let variables = |share| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        settings(&[endpoint, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", share)])
    };
    let events: Vec<EventId> = (0..4_000).map(|_| EventId::new()).collect();
    let kept = |share| {
        let settings = variables(share);
        events.iter().filter(|event| settings.keeps(**event)).count()
    };
    assert_eq!((kept("0"), kept("1")), (0, 4_000));
    // Four hundred are ten standard deviations away.
    assert!((600..1_400).contains(&kept("0.25")), "{}", kept("0.25"));
    assert_eq!(kept("0.25"), kept("0.25"));
}
