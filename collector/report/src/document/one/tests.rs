use crate::complete;
use crate::document::{CustomerLine, Document, SupportLine};

/// Two customers with a plan each.
fn two() -> Document {
    let mut all = complete::document();
    all.customers = ["acme", "zoo"]
        .map(|customer| CustomerLine {
            customer: customer.to_owned(),
            plan: format!("{customer}-plan"),
            fee: format!("{customer}-fee EUR"),
            credit: format!("{customer}-credit EUR"),
            ..all.customers[0].clone()
        })
        .into();
    all.support = ["acme", "zoo"]
        .map(|customer| SupportLine { plan: format!("{customer}-plan"), ..all.support[0].clone() })
        .into();
    all.customer = None;
    all
}

#[test]
fn nothing_of_another_customer_is_in_any_format() {
    let mut earlier = two();
    earlier.customers.iter_mut().for_each(|line| line.credit = "1.00 EUR".to_owned());
    earlier.support.iter_mut().for_each(|line| line.kept = "open".to_owned());
    earlier.customers.push(CustomerLine { customer: "zoo-former".to_owned(), ..earlier.customers[1].clone() });
    let all = two().with_change_since(&earlier);
    let whole = all.change.as_ref().expect("there is one").figures.len();
    let one = all.for_customer("acme").expect("is a customer");
    assert_eq!(one.customer.as_deref(), Some("acme"));
    let figures = &one.change.as_ref().expect("stays").figures;
    assert_eq!(figures.len(), whole - 3, "two credits and a promise are of others: {figures:?}");
    assert!(figures.iter().any(|[what, ..]| what == "credit of acme"), "{figures:?}");
    for (format, text) in [("json", one.json()), ("csv", one.csv()), ("md", one.markdown()), ("html", one.html())] {
        assert!(!text.contains("zoo"), "{format} tells of another: {text}");
        assert!(text.contains("acme-credit") && text.contains("acme-plan"), "{format}");
    }
    assert_eq!(all.for_customer("nobody"), None);
}

#[test]
fn a_change_of_another_alone_is_not_hinted_at() {
    let earlier = two();
    let mut now = earlier.clone();
    now.customers[1].fee = "1.00 EUR".to_owned();
    let all = now.with_change_since(&earlier);
    let told = all.change.as_ref().expect("there is one");
    assert_eq!(told.figures.len(), 1, "{told:?}");
    let one = all.for_customer("acme").expect("is a customer").change.expect("stays");
    assert_eq!(one.figures, [[""; 3]; 0]);
}
