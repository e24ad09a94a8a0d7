"""What the exchange itself says to callers, in each language. Plans bring their own texts."""

TEXTS: dict[str, dict[str, str]] = {
    "nl": {
        "apology": "Onze excuses. Uw gesprek kan op dit moment niet worden verbonden. Probeert u het later nog eens.",
        "not_in_use": "Dit nummer is niet in gebruik.",
    },
    "en": {
        "apology": "We are sorry. Your call cannot be connected at the moment. Please try again later.",
        "not_in_use": "This number is not in use.",
    },
}
