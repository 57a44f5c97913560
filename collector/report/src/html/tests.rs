use super::*;

#[test]
fn a_text_cannot_leave_its_place() {
    assert_eq!(Safe("<a href=\"x\" title='y'>&").to_string(), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
}
