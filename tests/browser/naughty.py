"""515 strings that break programs, written for the names that people give: by category, each for a reason."""

_CODE = ("alert(1)", "window.ran=1", "document.title='ran'")
_TAGS = (
    *("<script>{}</script>", '"><script>{}</script>', "'><script>{}</script>", "</title><script>{}</script>"),
    *(
        "<img src=x onerror={}>",
        '"><img src=x onerror="{}">',
        "<svg onload={}>",
        "<svg/onload={}//",
        "<body onload={}>",
    ),
    *("<iframe srcdoc='<script>{}</script>'>", "<a href=javascript:{}>x</a>", "javascript:{}", "JaVaScRiPt:{}//"),
    *(
        "<input autofocus onfocus={}>",
        "<details open ontoggle={}>",
        "<video><source onerror={}>",
        "<marquee onstart={}>",
    ),
    *(
        "<style onload={}></style>",
        "<math><a xlink:href=javascript:{}>x",
        "<!--><script>{}</script>-->",
        "<![CDATA[{}]]>",
    ),
    *(
        "\\x3cscript>{}\\x3c/script>",
        "&lt;script&gt;{}&lt;/script&gt;",
        "%3Cscript%3E{}%3C/script%3E",
        "`;{};`",
        "';{};'",
    ),
)
_TEMPLATES = (
    *("{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{%7*7%}", "[[7*7]]", "{{constructor.constructor('alert(1)')()}}"),
    *(
        "{caller_number}",
        "{klant}",
        "{{count}}",
        "{{name}}",
        "$t(nav.live)",
        "$t(phone.title, {})",
        "{0}",
        "{}",
        "{",
        "}",
    ),
    *("%s%s%s%n", "%d", "%x", "%@", "%1$s", "$HOME", "$(id)", "`id`", "$ENV{HOME}", "\\n", "\\0", "\\u0000", "\\"),
)
_WORDS = (
    *("undefined", "undef", "null", "NULL", "nil", "None", "NaN", "Infinity", "-Infinity", "true", "false", "TRUE"),
    *("constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "valueOf", "length", "then", "default"),
    *("class", "function", "import", "CON", "PRN", "AUX", "COM1", "LPT1", "yes", "no", "on", "off", "~", "secret:x"),
)
_NUMBERS = (
    *("0", "-0", "1", "-1", "1.00", "1e2", "1E02", "1E+02", "0x0", "0xffffffff", "1/0", "0/0", "--1", "1,000.00"),
    *(
        "1.000,00",
        "999999999999999999999999999999",
        "08",
        "١٢٣",
        "１２３",
        "Ⅷ",
        "½",
        "²",
        "+31612345678",
        "112",
        "1'000",
    ),
)
_INJECTED = (
    *("; DROP TABLE users", "1'; DROP TABLE users--", "' OR 1=1 -- 1", "' OR '1'='1'", '" OR ""="', "1;SELECT 1"),
    *(
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/dev/null; touch /tmp/x",
        "| ls",
        "&& ls",
        "> x",
        "< x",
        "$(touch x)",
    ),
    *(
        "--help",
        "-rf",
        "@file",
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "@SUM(1)",
        "*",
        "?",
        "!!",
        "# x",
        "// x",
        "/* x */",
    ),
    *(
        "- x",
        "a: b",
        "[a, b]",
        "&a b",
        "*a",
        "!!python/object:x",
        "|",
        ">",
        "%YAML",
        "---",
        "...",
        "'",
        '"',
        "''",
        '""',
    ),
    *("sip:x@example.nl", "<sip:201@x>;tag=1", '"x" <201>', "201\\,1", "PJSIP/x", "${CALLERID(num)}", "exten => s,1,x"),
)
_SCRIPTS = (
    *(
        "田中さんにあげて下さい",
        "パーティーへ行かないか",
        "和製漢語",
        "部落格",
        "사회과학원 어학연구소",
        "찦차를 타고 온",
        "社會科學院語學研究所",
    ),
    *(
        "울란바토르",
        "𠜎𠜱𠝹𠱓",
        "Ⱥ",
        "Ⱦ",
        "ﷺ",
        "أَنا قَادِرٌ",
        "בְּרֵאשִׁית",
        "הָיְתָה",
        "مُنَاقَشَةُ",
        "ﷲ",
        "ثم نفس سقطت",
        "Привет",
        "Ёжик",
    ),
    *(
        "Ζωή",
        "Ελλάδα",
        "ไทย",
        "हिन्दी",
        "தமிழ்",
        "ქართული",
        "Հայերեն",
        "᚛ᚄᚓᚐᚋ᚜",
        "Zoë",
        "Zoe\u0308",
        "Ångström",
        "ßẞ",
        "İi",
        "ıI",
    ),
    *(
        "ĳsbrand",
        "Ĳmuiden",
        "'s-Hertogenbosch",
        "d’Artagnan",
        "O'Brien & zonen",
        "Van den Berg",
        "ﬁn",
        "ﬀ",
        "ǅ",
        "ℌ𝔢𝔩𝔩𝔬",
    ),
    *("Ｔｈｅ", "𝐓𝐡𝐞", "𝕿𝖍𝖊", "𝑻𝒉𝒆", "𝓣𝓱𝓮", "𝕋𝕙𝕖", "𝚃𝚑𝚎", "⒯⒣⒠", "ʇǝ ɹolop", "00˙Ɩ$-"),
)
_EMOJI = (
    *(
        "😍",
        "👩🏽",
        "👨‍🦰",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇳🇱🇧🇪",
        "🇺🇸🇷🇺🇸",
        "0️⃣ 1️⃣",
        "❤️",
        "👾 🙇 💁",
        "🐵 🙈 🙉",
        "✋🏿 💪🏿",
        "(｡◕ ∀ ◕｡)",
        "ʕ•ᴥ•ʔ",
    ),
    *("(╯°□°）╯︵ ┻━┻", "¯\\_(ツ)_/¯", "( ͡° ͜ʖ ͡°)", "☎", "☎️", "✓", "™©®", "←↑→↓", "∀x∈ℝ", "♥", "█▓▒░", "①②③", "🅰", "🈁"),
)
_INVISIBLE = (
    *(
        "a\u200bb",
        "a\u200cb",
        "a\u200db",
        "a\u2060b",
        "a\ufeffb",
        "a\u00adb",
        "a\u00a0b",
        "a\u2003b",
        "a\u3000b",
        "a\u180eb",
    ),
    *(
        "\u202eotulp",
        "\u202atest\u202a",
        "\u2066test\u2067",
        "\u200f",
        "\u200b",
        "\u2028x\u2029",
        "x\u0085y",
        "\ufffd",
        "\ufffe",
    ),
    *(
        "Z\u0311\u036b\u0343a\u036a\u0301l\u0365g\u0321o\u0358",
        "e" + "\u0301" * 30,
        "\u0301x",
        "a\tb",
        "\ue000",
        "\U000f0000",
    ),
)
_LONG = ("x" * 60, "W" * 40, "i" * 80, "a b " * 20 + "c", "é" * 40, "家" * 40, "👾" * 20, "-" * 50, "." * 50, "_" * 50)


def strings() -> list[str]:
    """All of them; no two alike, none empty or with white space around it, which no name keeps."""
    found = [tag.format(code) if "{}" in tag else tag for tag in _TAGS for code in _CODE]
    for some in (_TEMPLATES, _WORDS, _NUMBERS, _INJECTED, _SCRIPTS, _EMOJI, _INVISIBLE, _LONG):
        found += some
    # The rest: every sign of ASCII and Latin-1 that is neither letter nor digit, alone, around and inside a name.
    signs = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x180)) if not chr(code).isalnum()]
    for shape in ("{}", "{}x{}", "x{}y", "Jan {}"):
        found += [shape.replace("{}", sign) for sign in signs]
    found = [one for one in dict.fromkeys(found) if one == one.strip() and one]
    assert len(found) >= 515
    return found[:515]
