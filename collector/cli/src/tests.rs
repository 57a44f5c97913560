use super::*;

/// Runs a command line without a terminal; what it wrote to both streams and its exit code.
pub(crate) fn quorate(line: &[&str]) -> (Exit, String, String) {
    let environment = Environment {
        collector: None,
        token: None,
        user: None,
        no_color: false,
        terminal: false,
        now_ms: || jiff::Timestamp::now().as_millisecond(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("quorate").chain(line.iter().copied()).map(OsString::from);
    let exit = run(arguments, &environment, &mut out, &mut err);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    (exit, text(out), text(err))
}

#[test]
fn the_command_tree_is_consistent() {
    use clap::CommandFactory;
    Arguments::command().debug_assert();
}

#[test]
fn help_names_the_exit_codes_and_every_command_has_the_output_option() {
    use clap::CommandFactory;
    let (exit, out, err) = quorate(&["--help"]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert!(out.contains("Exit codes:"), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours without a terminal: {out:?}");
    for command in Arguments::command().get_subcommands().filter(|command| !command.has_subcommands()) {
        let (exit, out, _) = quorate(&[command.get_name(), "--help"]);
        assert_eq!(exit, Exit::Fine, "{}", command.get_name());
        assert!(out.contains("--output"), "{}: {out}", command.get_name());
    }
}

#[test]
fn a_wrong_value_is_one_sentence_with_its_place_and_what_is_allowed() {
    for (line, place, allowed) in [
        (&["status", "--zone", "Mars/Olympus"][..], "--zone", "Europe/Berlin"),
        (&["status", "--deadline", "soon"], "--deadline", "10s"),
        (&["status", "--collector", "ftp://x"], "--collector", "http://"),
        (&["explain", "shop", "--at", "soon"], "--at", "RFC 3339"),
        (&["incidents", "--from", "x"], "--from", "RFC 3339"),
        (&["status", "--output", "xml"], "--output", "table"),
        (&["status", "--fail-on", "bored"], "--fail-on", "partial"),
    ] {
        let (exit, out, err) = quorate(line);
        assert_eq!(exit, Exit::Usage, "{line:?}: {err}");
        assert_eq!(out, "", "{line:?}");
        assert!(err.contains(place) && err.contains(allowed), "{line:?}: {err}");
    }
}

#[test]
fn a_collector_that_is_not_there_is_code_3() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = socket.local_addr().expect("a bound socket has an address");
    drop(socket);
    let (exit, out, err) = quorate(&["status", "--collector", &format!("http://{address}")]);
    assert_eq!((exit, out.as_str()), (Exit::Unreachable, ""));
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("no collector answers at"), "{err}");
}
