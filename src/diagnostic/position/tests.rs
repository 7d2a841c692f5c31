use proptest::prelude::*;

use super::*;

fn positions(text: &str) -> Vec<(usize, usize)> {
    let lines = LineIndex::new(text);
    (0..=text.len())
        .filter(|offset| text.is_char_boundary(*offset))
        .map(|offset| lines.position(text, offset))
        .map(|position| (position.line, position.column))
        .collect()
}

#[test]
fn lines_end_with_lf_crlf_or_cr() {
    assert_eq!(positions("a\nb"), [(1, 1), (1, 2), (2, 1), (2, 2)]);
    assert_eq!(positions("a\r\nb"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]);
    assert_eq!(positions("a\rb"), [(1, 1), (1, 2), (2, 1), (2, 2)]);
    assert_eq!(positions("\n"), [(1, 1), (2, 1)]);
    assert_eq!(positions(""), [(1, 1)]);
}

#[test]
fn columns_are_utf_16_units() {
    assert_eq!(positions("é"), [(1, 1), (1, 2)]);
    assert_eq!(positions("😀x"), [(1, 1), (1, 3), (1, 4)]);
    assert_eq!(positions("\tx"), [(1, 1), (1, 2), (1, 3)]);
}

#[test]
fn offsets_beyond_the_end_or_within_a_character_have_a_position() {
    let text = "a😀";
    let lines = LineIndex::new(text);
    assert_eq!(lines.position(text, 99), Position { line: 1, column: 4 });
    assert_eq!(lines.position(text, 3), Position { line: 1, column: 2 });
    let (start, end) = lines.range(text, Span::new(5, 2));
    assert_eq!((start.column, end.column), (4, 4));
}

#[test]
fn the_text_of_a_line_has_no_line_end() {
    let text = "one\r\n\rthree\n";
    let lines = LineIndex::new(text);
    let all: Vec<&str> = (0..lines.line_count()).map(|line| lines.text(text, line)).collect();
    assert_eq!(all, ["one", "", "three", ""]);
}

proptest! {
    #[test]
    fn positions_grow_with_offsets_and_name_each_place_once(text in "[ab\r\n😀é\t]{0,40}") {
        let all = positions(&text);
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn lines_put_together_are_the_text(text in "[ab\r\n😀é\t]{0,40}") {
        let lines = LineIndex::new(&text);
        let parts = (0..lines.line_count()).map(|line| &text[lines.start(line)..lines.end(&text, line)]);
        prop_assert_eq!(parts.collect::<String>(), text);
    }
}
