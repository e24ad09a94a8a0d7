"""The same call as a Pydantic model, for frameworks that take one as a parameter: `def belplan(call: CallModel)`."""

from pydantic import BaseModel, ConfigDict

from belplan.receiver.call import Call


class CallModel(BaseModel):
    """The twelve fields of a call; see belplan.receiver.Call, which says what each one is."""

    model_config = ConfigDict(strict=True, frozen=True)

    com_id: str
    dp_id: str
    dp_in_number: str
    dp_ex_number: str
    callee_number: str
    caller_number: str
    uuid: str
    phonebook_caller_name: str
    event_time: str
    call_start_time: str
    rta_call_id: str
    sip_call_id: str

    def call(self) -> Call:
        """The same as a plain Call, with its moments."""
        return Call(**self.model_dump())
