use super::{CheckId, IdError};

#[test]
fn accepts_names_as_people_write_them() {
    for text in ["shop", "fra-1", "api.v2", "_x", "A", "9"] {
        assert_eq!(CheckId::new(text).map(|id| id.as_str() == text), Ok(true), "{text}");
    }
}

#[test]
fn refuses_what_would_break_a_label_a_path_or_a_line() {
    assert_eq!(CheckId::new(""), Err(IdError::Empty));
    assert_eq!(CheckId::new(&"a".repeat(65)), Err(IdError::TooLong(65)));
    for text in ["-a", ".a", "a b", "a/b", "ä", "a\n", "a\"b"] {
        assert!(matches!(CheckId::new(text), Err(IdError::BadCharacter(_))), "{text:?}");
    }
}
