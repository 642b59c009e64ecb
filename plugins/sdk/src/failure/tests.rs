use serde_json::Value;

use super::*;

fn number(text: &str) -> Result<u32> {
    Ok(text.parse::<u32>()?)
}

#[test]
fn any_error_becomes_a_reject_in_its_own_words() {
    assert_eq!(number("12"), Ok(12));
    assert_eq!(number("robin"), Err(Failure::reject("invalid digit found in string")));
}

#[test]
fn causes_are_said_too() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl Display for Outer {
        fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
            to.write_str("no count")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Outer("x".parse::<i32>().unwrap_err());
    assert_eq!(Failure::from(error), Failure::reject("no count: invalid digit found in string"));
}

#[test]
fn a_failure_of_the_host_is_passed_on_as_it_is() {
    let fetch = || Err(Failure::retry("busy"));
    let handle = || -> Result<()> {
        fetch()?;
        Ok(())
    };
    assert_eq!(handle(), Err(Failure::retry("busy")));
}

#[test]
fn words_stand_before_those_of_the_error() {
    let read = serde_json::from_str::<Value>("{").or_reject("the answer is no JSON");
    assert_eq!(read, Err(Failure::reject("the answer is no JSON: EOF while parsing an object at line 1 column 1")));
    assert_eq!(None::<u8>.or_reject("nothing to vote on"), Err(Failure::reject("nothing to vote on")));
}
