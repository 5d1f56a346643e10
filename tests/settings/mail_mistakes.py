"""Mistakes in what the file says of mailboxes and of checks, and what is told of each."""

MISTAKES = [
    (
        "[domains]",
        'line 1: domains: a table such as [domains."example.org"] was expected, not an empty table',
    ),
    (
        'domains = ["example.org"]',
        'line 1: domains: a table such as [domains."example.org"] was expected, not a list',
    ),
    ("domains.localhost = 1", "line 1: domains.localhost: a table was expected, not 1"),
    (
        "[domains.example.org]\nmailboxes = []",
        (
            "line 1: domains.example.org: there is no such key; "
            "there are aliases, catch-all, mailboxes, subaddress-separator; "
            'or was [domains."example.org"] meant, with quotes?'
        ),
    ),
    (
        '[domains."a b"]',
        "line 1: domains.\"a b\": a domain such as example.org was expected, not 'a b'",
    ),
    (
        "[domains.localhost]\n[domains.LocalHost]",
        "line 1: domains.LocalHost: the domain localhost is there twice",
    ),
    (
        "[domains.localhost]\nname = 1",
        (
            "line 2: domains.localhost.name: there is no such key; "
            "there are aliases, catch-all, mailboxes, subaddress-separator; "
            'or was [domains."localhost.name"] meant, with quotes?'
        ),
    ),
    (
        "[domains.localhost]\nmailboxes = 1",
        (
            'line 2: domains.localhost.mailboxes: a list of names, a path, or "sqlite:" and a path '
            "was expected, not 1"
        ),
    ),
    (
        '[domains.localhost]\nmailboxes = "sqlite:"',
        (
            'line 2: domains.localhost.mailboxes: a list of names, a path, or "sqlite:" and a path '
            'was expected, not "sqlite:"'
        ),
    ),
    (
        "[domains.localhost]\nmailboxes = [1]",
        "line 2: domains.localhost.mailboxes: text was expected, not 1",
    ),
    (
        "[domains.localhost]\ncatch-all = []",
        "line 2: domains.localhost.catch-all: text was expected, not an empty list",
    ),
    (
        '[domains.localhost]\nsubaddress-separator = "++"',
        (
            "line 2: domains.localhost.subaddress-separator: one of + - = _ . # ~ or '' was "
            "expected, not '++'"
        ),
    ),
    (
        "[domains.localhost]\nsubaddress-separator = 1",
        "line 2: domains.localhost.subaddress-separator: text was expected, not 1",
    ),
    (
        "[domains.localhost]\naliases = []",
        "line 2: domains.localhost.aliases: a table was expected, not an empty list",
    ),
    (
        "[domains.localhost.aliases]\nteam = 1",
        "line 2: domains.localhost.aliases.team: an address or a list of them was expected, not 1",
    ),
    ("checks = 1", "line 1: checks: a table was expected, not 1"),
    ("[checks]\nenabled = 1", "line 2: checks.enabled: true or false was expected, not 1"),
    (
        "[checks]\nresolvers = []",
        (
            "line 2: checks.resolvers: at least one address, or no such key was expected, "
            "not an empty list"
        ),
    ),
    (
        '[checks]\nresolvers = ["dns.example"]',
        (
            'line 2: checks.resolvers: an address such as "127.0.0.1" or "[::1]:5353" was '
            "expected, not 'dns.example'"
        ),
    ),
    ("milter = 1", "line 1: milter: [[milter]] was expected, not 1"),
    ("[[milter]]\n", "line 1: milter[1].endpoint: it is missing"),
    (
        '[[milter]]\nendpoint = "rspamd"',
        (
            "line 2: milter[1].endpoint: unix:PATH, tcp:HOST:PORT or inet:PORT@HOST was expected, "
            "not 'rspamd'"
        ),
    ),
    (
        '[[milter]]\nendpoint = "unix:/m"\non-failure = "drop"',
        'line 3: milter[1].on-failure: "accept" or "defer" was expected, not "drop"',
    ),
    (
        '[[milter]]\nendpoint = "unix:/m"\njunk-field = "X-Spam"',
        (
            'line 3: milter[1].junk-field: a header field such as "X-Spam: Yes" was expected, '
            'not "X-Spam"'
        ),
    ),
    (
        '[[milter]]\nendpoint = "unix:/run/x"\non-failur = "defer"\njunk = "x"',
        "line 3: milter[1].on-failur: there is no such key; was on-failure meant?",
    ),
    (
        '\n[[milters]]\nendpoint = "unix:/run/x"\n[[milters]]',
        "line 2: milters: there is no such key; was milter meant?",
    ),
    ("policy = 1", "line 1: policy: a table was expected, not 1"),
    (
        '[policy]\ndmarc-rejct = "junk"',
        "line 2: policy.dmarc-rejct: there is no such rule; was dmarc-reject meant?",
    ),
    (
        '[policy]\nspf-fail = "jnk"',
        (
            'line 2: policy.spf-fail: "none" or "mark" or "junk" or "defer" or "refuse" was '
            'expected, not "jnk"'
        ),
    ),
    (
        '[policy]\n\nspf-temperror = "refuse"',
        (
            'line 3: policy.spf-temperror: "none" or "mark" or "junk" or "defer" was expected, '
            'not "refuse"'
        ),
    ),
    ("[policy]\nshadow = 1", "line 2: policy.shadow: a list of names of rules was expected, not 1"),
    (
        '[policy]\nshadow = ["spf-fial"]',
        "line 2: policy.shadow: there is no rule spf-fial; was spf-fail meant?",
    ),
    ("[policy]\nown = 1", "line 2: policy.own: a table was expected, not 1"),
    (
        '[policy.own]\nspf = "refuse"',
        "line 2: policy.own.spf: spf-fail is a rule of gomail's, outside of this table",
    ),
    (
        '[policy.own]\n"a b" = "refuse"',
        'line 2: policy.own."a b": a name of letters, digits and hyphens was expected',
    ),
    (
        "[policy.own]\nmine = 1",
        (
            'line 2: policy.own.mine: "none" or "mark" or "junk" or "defer" or "refuse" was '
            "expected, not 1"
        ),
    ),
]
