//! What is read of a sender's header, and which span hangs below which.

use super::*;

#[test]
fn a_senders_header_is_read_as_it_is_written_down() {
    let link = Link::of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
    assert_eq!((link.trace[0], link.trace[15], link.span), (0x4b, 0x36, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]));
    // A later version may say more.
    assert_eq!(Link::of("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), Some(link));
    for header in [
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "zz-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bé-01",
    ] {
        assert_eq!(Link::of(header), None, "{header}");
    }
}

#[test]
fn a_span_that_others_hang_below_has_the_same_id_after_a_restart() {
    let event: EventId = "01981f7e-5c3a-7cc0-8e7f-0242ac120002".parse().unwrap();
    let (vote, mail) = ("vote".parse().unwrap(), "mail".parse().unwrap());
    assert_eq!(of_event(event), of_event(event));
    assert_ne!(of_event(event), of_handling(event, &vote));
    assert_ne!(of_handling(event, &vote), of_handling(event, &mail));
}

#[test]
fn spans_that_find_no_room_are_dropped_and_counted() {
    let metrics = Metrics::default();
    assert!(!metrics.tells_spans());
    metrics.event_received(EventId::new(), Duration::ZERO, None, Vec::new());
    let (told, mut spans) = mpsc::channel(1);
    metrics.tell_spans(told);
    for _ in 0..3 {
        metrics.event_received(EventId::new(), Duration::from_millis(5), None, Vec::new());
    }
    assert_eq!((spans.try_recv().unwrap().name, metrics.all().others.spans_dropped.get()), ("receive", 2));
}
