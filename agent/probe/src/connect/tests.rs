use super::*;

fn error(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

fn target() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 443))
}

#[test]
fn what_our_own_kernel_says_at_once_is_local() {
    for (number, failure) in [
        (libc::ENETUNREACH, Failure::LocalNetwork),
        (libc::EHOSTUNREACH, Failure::LocalNetwork),
        (libc::EACCES, Failure::LocalNetwork),
        (libc::EPERM, Failure::LocalNetwork),
        (libc::EINVAL, Failure::LocalNetwork),
        (libc::EADDRNOTAVAIL, Failure::LocalResources),
        (libc::EMFILE, Failure::LocalResources),
        (libc::ENOBUFS, Failure::LocalResources),
        (libc::ECONNREFUSED, Failure::ConnectRefused),
    ] {
        assert_eq!(of_own_connect(&error(number), target()).failure, failure, "{number}");
    }
}

#[test]
fn what_comes_later_was_said_by_the_path() {
    for (number, failure) in [
        (libc::ECONNREFUSED, Failure::ConnectRefused),
        (libc::ETIMEDOUT, Failure::ConnectTimeout),
        (libc::EHOSTUNREACH, Failure::Unreachable),
        (libc::ENETUNREACH, Failure::Unreachable),
        (libc::EACCES, Failure::Unreachable),
        (libc::ENOPROTOOPT, Failure::Unreachable),
        (libc::ECONNRESET, Failure::ConnectionReset),
    ] {
        assert_eq!(of_path(&error(number), target()).failure, failure, "{number}");
    }
}
