"""The files that no plan changes: where things are, what is loaded, ARI, tones."""

from typing import TYPE_CHECKING

from belplan.drivers.asterisk.pjsip_conf import FILES

if TYPE_CHECKING:
    from belplan.drivers.asterisk.configuration import ExchangeSettings

# ruff: noqa: SIM905 - names in lines are easier to read and to change

# What would open other ports, needs hardware or servers that are not there, or does the engine's work.
# Everything else is loaded: which modules there are differs between versions of Asterisk.
_NOT_LOADED = """
app_adsiprog app_agent_pool app_alarmreceiver app_amd app_confbridge app_festival app_followme app_getcpeid
app_page app_queue app_voicemail app_voicemail_imap app_voicemail_odbc cdr_adaptive_odbc cdr_csv cdr_custom
cdr_manager cdr_odbc cdr_pgsql cdr_radius cdr_sqlite3_custom cdr_tds cel_custom cel_manager cel_odbc cel_pgsql
cel_radius cel_sqlite3_custom cel_tds chan_console chan_iax2 chan_mgcp chan_mobile chan_motif chan_ooh323 chan_sip
chan_skinny chan_unistim func_odbc pbx_ael pbx_dundi pbx_lua res_adsi res_aeap res_ari_mailboxes res_calendar
res_calendar_caldav res_calendar_ews res_calendar_exchange res_calendar_icalendar res_config_ldap res_config_mysql
res_config_odbc res_config_pgsql res_config_sqlite3 res_hep res_hep_pjsip res_hep_rtcp res_odbc res_odbc_transaction
res_parking res_phoneprov res_pjsip_phoneprov_provider res_pjsip_stir_shaken res_prometheus res_smdi res_snmp
res_speech_aeap res_statsd res_stir_shaken res_stun_monitor res_xmpp
""".split()

# Modules that are loaded and complain about a file that is not there.
_EMPTY = """
acl aeap agents amd ccss cdr_custom cdr_manager cel cel_custom chan_websocket cli_aliases features festival followme
geolocation minivm pjproject pjsip_notify pjsip_wizard prometheus queuerules queues res_config_sqlite3 res_fax
res_http_media_cache statsd stir_shaken udptl voicemail websocket_client
""".split()

# The Dutch tones and the British ones, as Asterisk's own sample file has them (ITU-T E.180 supplement 2).
_INDICATIONS = """[general]
country=nl

[nl]
description = Netherlands
ringcadence = 1000,4000
dial = 425
busy = 425/500,0/500
ring = 425/1000,0/4000
congestion = 425/250,0/250
callwaiting = 425/500,0/9500
dialrecall = 425/500,0/50
record = 1400/500,0/15000
info = 950/330,1400/330,1800/330,0/1000
stutter = 425/500,0/50

[uk]
description = United Kingdom
ringcadence = 400,200,400,2000
dial = 350+440
busy = 400/375,0/375
ring = 400+450/400,0/200,400+450/400,0/2000
congestion = 400/400,0/350,400/225,0/525
callwaiting = 400/100,0/4000
dialrecall = 350+440
record = 1400/500,0/60000
info = 950/330,0/15,1400/330,0/15,1800/330,0/1000
stutter = 350+440
"""


def render(settings: "ExchangeSettings") -> dict[str, str]:
    """Files by name."""
    files = {f"{name}.conf": "" for name in _EMPTY}
    data = settings.data
    directories = {
        "astetcdir": settings.etc,
        "astvarlibdir": data / "lib",
        "astdbdir": data / "lib",
        "astkeydir": data / "lib",
        "astagidir": data / "lib",
        "astspooldir": data / "spool",
        "astrundir": settings.run,
        "astlogdir": data / "log",
        "astcachedir": data / "cache",
        **settings.directories,
    }
    files["asterisk.conf"] = (
        "[directories]\n"
        + "".join(f"{name} => {path}\n" for name, path in directories.items())
        # live_dangerously: functions that run programs or write files stay out of reach of ARI.
        + "\n[options]\ndocumentation_language = en_US\nlive_dangerously = no\nhideconnect = yes\n"
    )
    files["modules.conf"] = "[modules]\nautoload=yes\n" + "".join(f"noload => {name}.so\n" for name in _NOT_LOADED)
    files["logger.conf"] = (
        "[general]\ndateformat=%F %T.%3q\nqueue_log=no\n\n[logfiles]\nmessages.log => notice,warning,error\n"
    )
    files["http.conf"] = (
        "[general]\nenabled=yes\nbindaddr=127.0.0.1\n"
        f"bindport={settings.http_port}\nsessionlimit=2000\nsession_inactivity=60000\nsession_keep_alive=60000\n"
    )
    files["ari.conf"] = (
        "[general]\nenabled=yes\npretty=no\nwebsocket_write_timeout=1000\n\n"
        f"[{settings.ari_user}]\ntype=user\nread_only=no\npassword={settings.ari_password}\n"
    )
    files["rtp.conf"] = f"[general]\nrtpstart={settings.rtp_first}\nrtpend={settings.rtp_last}\nstrictrtp=yes\n"
    share = settings.directories.get("astdatadir")
    moh = share / "moh" if share else "moh"
    music = f"mode=playlist\nentry={settings.music}" if settings.music else f"mode=files\ndirectory={moh}"
    files["musiconhold.conf"] = f"[default]\n{music}\n"
    # Browsers that are telephones are known to its memory only; a name in the file comes first.
    files["sorcery.conf"] = "[res_pjsip]\n" + "".join(
        f"{kind}=config,{name},criteria=type={kind}\n{kind}=memory\n" for kind, name in FILES.items()
    )
    files["indications.conf"] = _INDICATIONS
    files["cdr.conf"] = "[general]\nenable=no\n"
    files["manager.conf"] = "[general]\nenabled=no\n"
    return files
