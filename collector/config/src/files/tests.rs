use super::{Texts, attach, detach};

fn texts(files: &[(&str, &str)]) -> Texts {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_is_attached_comes_off_again() {
    let files = texts(&[("a.yaml", "id: a\n\n# | odd\nservice: shop\n"), ("sub/b.yaml", "# file: c.yaml\n")]);
    let whole = attach("regions: []", &files);
    assert_eq!(detach(&whole), ("regions: []\n", files.clone()));
    // Attached again, nothing is added.
    let (main, again) = detach(&whole);
    assert_eq!(attach(main, &again), whole);
}

#[test]
fn without_files_a_text_stays_as_it_is() {
    for text in ["", "regions: []", "regions: []\r\n# file: a.yaml\n"] {
        assert_eq!(attach(text, &Texts::new()), text);
        assert_eq!(detach(text), (text, Texts::new()));
    }
}
