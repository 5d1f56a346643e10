"""Mistakes in what the file says of the server itself, and what is told of each."""

MISTAKES = [
    ('hostnam = "x"', "line 1: hostnam: there is no such key; was hostname meant?"),
    (
        "[smtp]\nkey = 1",
        (
            "line 1: smtp: there is no such key; there are backup-mx, checks, control, domains, "
            "group, hostname, limits, listener, log-format, maildir, metrics, milter, policy, "
            "state, storing, sync, tls, trusted, workers"
        ),
    ),
    ("[tls]\nkey = 1", "line 2: tls.key: text was expected, not 1"),
    ('[tls]\nkey = "k"', "line 2: tls.key: certificate is missing beside it"),
    ('[tls]\ncertificate = "c"', "line 2: tls.certificate: key is missing beside it"),
    (
        '[tls]\n[[tls.sni]]\ncertificate = "c"\nkey = "k"',
        ("line 2: tls.sni: certificate and key were expected in [tls], for everybody else"),
    ),
    (
        '[tls]\ncertificate = "c"\nkey = "k"\n[[tls.sni]]\ncertificate = "c"',
        "line 4: tls.sni[1].key: it is missing",
    ),
    ('[tls]\nsni = "c"', 'line 2: tls.sni: [[tls.sni]] was expected, not "c"'),
    (
        "[tls]\nsession-tickets = 0",
        "line 2: tls.session-tickets: true or false was expected, not 0",
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\ntls = true',
        'line 3: listener[1].tls: "offered" or "required" or "off" was expected, not true',
    ),
    ("state = 1", "line 1: state: text was expected, not 1"),
    (
        "source = 1",
        (
            "line 1: source: there is no such key; there are backup-mx, checks, control, domains, "
            "group, hostname, limits, listener, log-format, maildir, metrics, milter, policy, "
            "state, storing, sync, tls, trusted, workers"
        ),
    ),
    ('log_format = "json"', "line 1: log_format: there is no such key; was log-format meant?"),
    (
        "[limits]\n\nrecipents = 500",
        "line 3: limits.recipents: there is no such key; was recipients meant?",
    ),
    (
        "[limits]\nrecipients = 99",
        "line 2: limits.recipients: at least 100 was expected (RFC 5321 §4.5.3.1.8), not 99",
    ),
    (
        '[limits]\nsize = "10 KB"',
        "line 2: limits.size: at least 64 KiB was expected (RFC 5321 §4.5.3.1.7), not 10000 B",
    ),
    (
        "[limits]\ncommand-line = 511",
        "line 2: limits.command-line: at least 512 B was expected (RFC 5321 §4.5.3.1.4), not 511 B",
    ),
    ("[limits]\nmessages = 0", "line 2: limits.messages: at least 1 was expected, not 0"),
    (
        "limits.errors = true",
        "line 1: limits.errors: a whole number was expected, not true",
    ),
    (
        '[limits]\ndata-timeout = "soon"',
        'line 2: limits.data-timeout: a time such as "300 s" or "5 min" was expected, not "soon"',
    ),
    (
        "[limits]\nunsent-timeout = nan",
        'line 2: limits.unsent-timeout: a time such as "300 s" or "5 min" was expected, not nan',
    ),
    ("limits = 3", "line 1: limits: a table was expected, not 3"),
    ("hostname = 3", "line 1: hostname: text was expected, not 3"),
    (
        'hostname = "my host"',
        "line 1: hostname: a domain such as example.org was expected, not 'my host'",
    ),
    (
        'maildir = "/srv/{user}"',
        "line 1: maildir: {mailbox} or {domain} was expected, not {user}",
    ),
    ('maildir = ""', 'line 1: maildir: text was expected, not ""'),
    ('trusted = "unix"', 'line 1: trusted: a list of networks was expected, not "unix"'),
    (
        'trusted = ["192.0.2.1/24"]',
        (
            'line 1: trusted: a network such as "192.0.2.0/24" or "unix" was expected, '
            'not "192.0.2.1/24"; was 192.0.2.0/24 meant?'
        ),
    ),
    (
        'trusted = ["office"]',
        'line 1: trusted: a network such as "192.0.2.0/24" or "unix" was expected, not "office"',
    ),
    ('log-format = "xml"', 'line 1: log-format: "text" or "json" was expected, not "xml"'),
    ("log-format = []", 'line 1: log-format: "text" or "json" was expected, not an empty list'),
    ("sync = 8", 'line 1: sync: "files" or "filesystem" was expected, not 8'),
    ('storing = ""', 'line 1: storing: "process" or "thread" was expected, not ""'),
    ("workers = 0", "line 1: workers: at least 1 was expected, not 0"),
    ("workers = 257", "line 1: workers: at most 256 was expected, not 257"),
    ('workers = "many"', 'line 1: workers: a whole number or "auto" was expected, not "many"'),
    (
        '[metrics]\nlisten = "ssl:9025"',
        (
            'line 2: metrics.listen: "tcp:9025:interface=127.0.0.1", or an endpoint unix: or '
            'systemd: was expected, not "ssl:9025"'
        ),
    ),
    ("[metrics]\nlisten = 9025", "line 2: metrics.listen: text was expected, not 9025"),
    ("metrics = 9025", "line 1: metrics: a table was expected, not 9025"),
    ("workers = true", 'line 1: workers: a whole number or "auto" was expected, not true'),
    ("group = 8", "line 1: group: text was expected, not 8"),
    (
        '[listener]\nendpoint = "tcp:25"',
        "line 1: listener: [[listener]] was expected, not a table",
    ),
    ("listener = []", "line 1: listener: [[listener]] was expected, not an empty list"),
    ("listener = [1]", "line 1: listener[1]: a table was expected, not 1"),
    (
        '[[listener]]\nendpoint = "tcp:25"\n[[listener]]\nlocal = true',
        "line 3: listener[2].endpoint: it is missing",
    ),
    (
        '[[listener]]\nendpoint = "25"',
        'line 2: listener[1].endpoint: an endpoint such as "tcp:25" was expected, not "25"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:smtp"',
        'line 2: listener[1].endpoint: a port from 0 to 65535 was expected, not "smtp"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:\u0662\u0665"',
        'line 2: listener[1].endpoint: a port from 0 to 65535 was expected, not "\u0662\u0665"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nlocal = "yes"',
        'line 3: listener[1].local: true or false was expected, not "yes"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:port=25"\nbare-newline = "mend"',
        'line 3: listener[1].bare-newline: "store" or "refuse" was expected, not "mend"',
    ),
    (
        '[[listener]]\nendpoint = "haproxy:tcp:70000"\nproxy = ["unix"]',
        'line 2: listener[1].endpoint: a port from 0 to 65535 was expected, not "70000"',
    ),
    (
        '[[listener]]\nendpoint = "haproxy:"\nproxy = ["unix"]',
        'line 2: listener[1].endpoint: an endpoint such as "tcp:25" was expected, not "haproxy:"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\n[[listener]]\nendpoint = "haproxy:unix:s"',
        (
            "line 4: listener[2].endpoint: haproxy: takes the client's address from whoever "
            "connects; say whom you believe, with the key proxy in the same [[listener]], as in "
            'proxy = ["192.0.2.10"]'
        ),
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = []',
        (
            "line 3: listener[1].proxy: at least one network, or no such key was expected, "
            "not an empty list"
        ),
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = "10.0.0.0/8"',
        'line 3: listener[1].proxy: a list of networks was expected, not "10.0.0.0/8"',
    ),
    (
        '[[listener]]\nendpoint = "tcp:25"\nproxy = ["10.0.0.1/8"]',
        (
            'line 3: listener[1].proxy: a network such as "192.0.2.0/24" or "unix" was expected, '
            'not "10.0.0.1/8"; was 10.0.0.0/8 meant?'
        ),
    ),
    (
        f"[limits]\nhops = 0x{'f' * 5000}",
        "line 2: limits.hops: a whole number was expected, not a number of more than 64 bits",
    ),
    (
        '[[listener]]\nendpont = "tcp:25"',
        "line 2: listener[1].endpont: there is no such key; was endpoint meant?",
    ),
    ("[[listener]]\nlocal = true", "line 1: listener[1].endpoint: it is missing"),
    ("a = \n", "line 1: this is no TOML: Invalid value"),
    (
        'group = "a"\ngroup = "b"\n',
        "line 2: this is no TOML: Cannot overwrite a value",
    ),
]
