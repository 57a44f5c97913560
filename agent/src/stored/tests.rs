use super::*;

fn assignment() -> v1::Assignment {
    v1::Assignment { revision: 7, remove: vec!["a".to_owned()], ..v1::Assignment::default() }
}

#[test]
fn what_was_saved_is_loaded() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(load(dir.path()).expect("readable"), None);
    save(dir.path(), &v1::Assignment::default()).expect("writable");
    save(dir.path(), &assignment()).expect("writable");
    assert_eq!(load(dir.path()).expect("readable"), Some(assignment()));
}

/// Cut anywhere or with any bit turned, the file is refused, never misread.
#[test]
fn every_damage_is_noticed() {
    let dir = tempfile::tempdir().expect("a directory");
    save(dir.path(), &assignment()).expect("writable");
    let path = dir.path().join(FILE);
    let good = fs::read(&path).expect("readable");
    for cut in 0..good.len() {
        fs::write(&path, good.get(..cut).expect("in range")).expect("writable");
        assert!(matches!(load(dir.path()), Err(StoredError::Damaged { .. })), "cut at {cut}");
    }
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        *bad.get_mut(bit / 8).expect("in range") ^= 1 << (bit % 8);
        fs::write(&path, bad).expect("writable");
        assert!(matches!(load(dir.path()), Err(StoredError::Damaged { .. })), "bit {bit}");
    }
}
