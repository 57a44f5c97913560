use super::Noise;

#[test]
fn places_are_independent_of_the_order_they_are_asked_in() {
    let noise = Noise::new(7);
    let forth: Vec<_> = (0..100).map(|i| noise.bits(i)).collect();
    let back: Vec<_> = (0..100).rev().map(|i| noise.bits(i)).collect();
    assert!(forth.iter().eq(back.iter().rev()));
    assert_ne!(Noise::new(8).bits(0), noise.bits(0));
    assert_ne!(noise.stream(1).bits(0), noise.stream(2).bits(0));
}

#[test]
fn laws_have_the_mean_and_spread_they_say() {
    let noise = Noise::new(1);
    let count = 20_000;
    let even: i64 = (0..count).map(|i| noise.within(i, -10, 10)).sum();
    assert!(even.abs() < 2_000, "{even}");
    assert!((0..count).all(|i| (-10..=10).contains(&noise.within(i, -10, 10))));
    let hits = (0..count).filter(|i| noise.happens(*i, 250_000)).count();
    assert!((4_700..5_300).contains(&hits), "{hits}");
    let normal: Vec<_> = (0..count).map(|i| noise.normal(i, 2_700, 250)).collect();
    let mean = normal.iter().sum::<i64>() / 20_000;
    let variance = normal.iter().map(|x| (x - mean).pow(2)).sum::<i64>() / 20_000;
    assert!((2_690..2_710).contains(&mean), "{mean}");
    assert!((57_000..68_000).contains(&variance), "{variance}");
}
