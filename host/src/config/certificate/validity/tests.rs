use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::end;

/// A certificate that ends on this day.
fn until(year: i32, month: u8, day: u8) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["crowd.example.org".to_owned()]).unwrap();
    params.not_before = date_time_ymd(1999, 1, 1);
    params.not_after = date_time_ymd(year, month, day);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn the_end_is_read_in_either_form_of_time() {
    for (year, month, day, shown) in
        [(2027, 2, 28, "2027-02-28"), (2049, 12, 31, "2049-12-31"), (2050, 1, 1, "2050-01-01"), (1999, 6, 1, "1999-06-01")]
    {
        assert_eq!(end(&until(year, month, day)).unwrap().to_string(), format!("{shown}T00:00:00Z"));
    }
}

#[test]
fn what_is_no_certificate_has_no_end() {
    let whole = until(2027, 2, 28);
    for length in 0..whole.len().min(200) {
        end(&whole[..length]);
    }
    for bytes in [&b""[..], b"0", b"0\x80", b"\x30\x84\xFF\xFF\xFF\xFF", b"-----BEGIN CERTIFICATE-----"] {
        assert_eq!(end(bytes), None);
    }
    assert_eq!(end(&whole[..whole.len() - 1]), None, "it was cut off");
}
