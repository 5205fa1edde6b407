"""What is said back at once: refusals with one good example, help, and what was done."""

from collections.abc import Mapping, Sequence
from functools import cache

from bot.cards import hints, misread, words
from bot.cards.markup import mention, moment, quoted, unmarked
from bot.cards.pronouns import party
from bot.grammar import ALONE, Muddle, NotUnderstood, Verb
from bot.refusals import (
    AdminsOnly,
    AlreadyDecided,
    AlreadyOpen,
    ConfirmFirst,
    ConnectFirst,
    CoverChanged,
    DeputyNoMore,
    DraftGone,
    ForGrantors,
    LapsesBefore,
    ListChanged,
    NobodyThere,
    NoDeputy,
    NoSuchDelegation,
    NotConnectedYet,
    NotDone,
    NotForDeputies,
    NothingToAnswer,
    NothingToEnd,
    NoTime,
    NotKnown,
    NotYours,
    NoUntil,
    OfferOver,
    OtherAccount,
    Outcome,
    Refused,
    RemindedAlready,
    Settled,
    StandingOver,
    Thing,
    TwoTimes,
    said_by_rule,
)
from bot.slack.errors import SlackRefused, SlackRetryLater
from bot.times.saying import say_length
from bot.times.span import DurationError
from models.cover import MOST_COVERERS
from models.delegation import Delegation, State
from models.deputy import LONGEST, Deputy
from models.policy import MOST_OPEN, MOST_OPEN_FOR_ONE, REASON_LIMIT, Policy, Refusal, Rule
from models.standing import StandingApproval

EXAMPLE = "`/sendas @colleague 2h Covering the spring pipeline`"
SOMETHING_BROKE = (
    "Something went wrong on our side, and it has been noted. Please check `/sendas list` before "
    "you try again."
)
STILL_AT_IT = "This takes longer than usual. I am still at it, and the answer will follow here."
TAKES_LONGER = (
    "This takes longer than usual, and may be done in a moment. Please check `/sendas list` before "
    "you send it again."
)
NOT_HERE = "I work for another Slack workspace, so there is nothing I can do in this one."

NOT_COVERED = (
    "Your standing approval is saved. This request goes beyond it, so it still waits for your "
    "answer."
)
DEPUTY_EXAMPLE = "`/sendas deputy @colleague until friday`"
MOST_NAMES = 30  # in one sentence; `/sendas list` has all of them
NOT_WANTED = "OK, cancelled."
CLICK_AGAIN = "Slack did not open the form in time. Please click again."
FORM_NOT_OPENED = "The form did not open in time. Please try again, or type it instead: " + EXAMPLE

HELP = f"""*Send email as a colleague in Close, for as long as they allow it.*
• {EXAMPLE} asks a colleague; they approve with one click
• `/sendas` alone opens a form with the same questions
• `/sendas list` shows what is waiting and active for you; my Home tab has all of it
• `/sendas list @colleague` shows one colleague only
• `/sendas check` compares that with what Close really has
• `/sendas @one @another for @colleague 2h` asks several people, or for somebody else
• `/sendas grant @colleague 2h` lets somebody send as you without being asked; groups work too
• `/sendas revoke @colleague`, or `revoke all`, ends what you gave
• `/sendas release @colleague` ends what you were given
• `/sendas cancel @colleague` cancels your request; `stop @colleague` ends whatever there is
• `/sendas extend @colleague 2h` asks for more time, or gives it
• `/sendas away until monday @colleague` lets somebody cover for you; `/sendas away` opens a form
• `/sendas deputy @colleague until friday` lets somebody answer requests for you meanwhile
• `/sendas who` shows who can send as you, and who you can send as
• `/sendas connect` connects your Close account (once, before you let anybody send as you)
• `/sendas disconnect` ends what you lent, and I forget your Close account

Times: {{times}}.
They are read in your own time zone; without one it is {{default}}."""

FOR_ADMINS = """*As an admin:*
• *Everybody's rights*, in my Home tab, shows all that is open, and ends it
• `/sendas who @colleague` shows who can send as them, and who they can send as
• `/sendas end @colleague as @another reason` ends one right at once
• `/sendas end all @colleague reason` ends everything of one person, after asking once"""

_NOTHING, _NO_REQUEST = " Nothing changed.", " No request was made."
_UNDONE = (_NOTHING, _NO_REQUEST)

# Why nothing was done; the sentences for what has more to tell are made further down.
_REASONS: dict[type[Exception], str] = {
    AdminsOnly: "Only admins can do that. `/sendas who` shows your own rights, and "
    "`/sendas stop @colleague` ends what there is between the two of you. Nothing changed.",
    NotYours: "Only the people this is about can do that. Nothing changed.",
    LapsesBefore: "This lapses before I could remind you again, so please answer now. Without an "
    "answer nothing happens in Close.",
    NothingToAnswer: "There is nothing to answer here any more. `/sendas list` shows how things "
    "are.",
    NotConnectedYet: "You are not connected to Close, so there is nothing to disconnect.",
    ConnectFirst: "I can only do that with your Close account. Please connect it first: "
    "`/sendas connect`. Nothing changed.",
    OtherAccount: "This right was given with another Close account than the one you are connected "
    "with now, and only that account can change it. Connect that one with `/sendas connect`, or "
    "remove it in Close's settings under Send As. Nothing changed.",
    AlreadyDecided: "Somebody has already answered this, or the time for it is over.",
    NoDeputy: "There is nobody you could mean who answers for you, or you for them. "
    "`/sendas deputy` shows who does. Nothing changed.",
    ListChanged: "This list has changed since you read it, so nothing happened. Please look again.",
    CoverChanged: "This cover has changed since you opened it, or is over, so nothing happened. "
    "Please look at it again.",
    OfferOver: "Your Slack status has changed since I asked, or somebody covers for you already, "
    "so nothing happened. *I'll be away…*, in my Home tab, plans a cover at any time.",
    DraftGone: "That question was answered already, or is too old. Please ask again.",
    NoSuchDelegation: "There is nothing open between the two of you. `/sendas list` shows what is.",
    TwoTimes: "More than one of these fields says for how long, so I do not know which one you "
    "mean. Please leave one; if it is one of the two below, choose “Something else” above.",
    NoUntil: f"Until when? For example: {DEPUTY_EXAMPLE}",
    NoTime: "Please write for how long, or pick a date and time below.",
    ConfirmFirst: "That lends your name for so long that you have to confirm it in Close, so "
    "please do it by itself. Nothing changed.",
    NobodyThere: "Nobody but you is in that group. Nothing changed.",
    NotDone: "Nothing changed.",
    SlackRetryLater: "Slack is not answering at the moment, so nothing changed. Please try again.",
    SlackRefused: "Slack does not show me who is in that group. Please name the people one by one.",
    Exception: SOMETHING_BROKE,
}
_NOT_KNOWN = {
    Thing.REQUEST: "I do not know this request any more; please ask again. Nothing changed.",
    Thing.PAIRING: "I do not know this account any more, so nothing changed. Its owner can connect "
    "it again with `/sendas connect`.",
    Thing.STRAY: "I do not know this right any more, so nothing changed. `/sendas check` compares "
    "with what Close has now.",
    Thing.STANDING: "I do not know this standing approval any more, so nothing changed. My Home "
    "tab has the present ones.",
    Thing.COVER: "I do not know this cover any more, so nothing changed. My Home tab has the "
    "present ones.",
    Thing.AFTERMATH: "I do not know any more what this was about, so nothing changed. Close shows "
    "what goes on.",
    Thing.DEPUTY: "I do not know this any more, so nothing changed. `/sendas deputy` shows who "
    "answers requests for you.",
    Thing.REVIEW: "I do not know this review any more, so nothing changed. I'll ask you again when "
    "it is time.",
}
_REFUSALS = {
    Refusal.ONESELF: "You can always send as yourself; ask for a colleague's name instead.",
    Refusal.BOT: "{who} is an app, not a person.",
    Refusal.DEACTIVATED: "{who}'s Slack account is deactivated.",
    Refusal.GUEST: "{who} is a guest here. Only full members can take part.",
    Refusal.STRANGER: "{who} belongs to another workspace.",
    Refusal.UNKNOWN_PERSON: "Slack does not know that person in this workspace.",
    Refusal.TOO_SHORT: "That is shorter than the minimum of {shortest}.",
    Refusal.TOO_LONG: "That is longer than the maximum of {longest}.",
    Refusal.NOT_LONGER: "That is not later than the present end. To end it earlier, use Revoke or "
    "I'm done on the card.",
    Refusal.RUNS_ALREADY: "This right exists already, so it cannot begin later. Please write only "
    "until when, or for how much longer: `until friday`, or `2h`.",
    Refusal.LENGTH_ONLY: "Please write only a length here, such as `4h`: the longest that one "
    "request may be.",
    Refusal.PERMANENT: "Rights without an end are not allowed here; the longest is {longest}.",
    Refusal.DATE_PASSED: "That date has already passed.",
    Refusal.TOO_MANY: "That is more than a hundred people at once.",
    Refusal.TOO_MANY_COVER: f"At most {MOST_COVERERS} people can cover for you at a time.",
    Refusal.NOBODY_COVERS: "Please pick who covers for you first.",
    Refusal.COVER_ENDS: "A cover needs an end, as in `/sendas away until monday @colleague`.",
    Refusal.COVER_RUNS: "This cover runs already, so it can only last longer. *End it* ends it "
    "now.",
    Refusal.LAST_BEFORE_FIRST: "The last day comes before the first.",
    Refusal.TOO_MANY_OPEN: f"{MOST_OPEN} requests of yours are waiting for an answer. Please wait "
    "for some of them, or cancel some: `/sendas list` shows them.",
    Refusal.TOO_MANY_FOR_ONE: f"{MOST_OPEN_FOR_ONE} requests of yours are already waiting for "
    "{who}. Please wait for an answer, or cancel some.",
    Refusal.TOO_OFTEN: "{who} has had many messages from me for you within the last hour. Please "
    "try again later.",
    Refusal.REASON_MISSING: "A reason is required here, so that your colleague knows what it is "
    "for.",
    Refusal.REASON_TOO_LONG: f"The reason is too long; {REASON_LIMIT} characters fit.",
    Refusal.DEPUTY: "Nobody can answer in somebody's place here.",
    Refusal.DEPUTY_STARTS: "A deputy answers from now on. Please write only until when: `until "
    "friday`.",
    Refusal.DEPUTY_LENGTH: f"A deputy answers until a date, at most {LONGEST.days} days from now.",
    Refusal.DEPUTY_ONESELF: "You answer your own requests already. Please name a colleague.",
    Refusal.DEPUTY_OFTEN: "You have named somebody several times within the last hour. Please try "
    "again later.",
    Refusal.STANDING: "A standing approval is not allowed here: each request needs a yes.",
}

# Here an example shows what is missing. Anybody else has written what can be understood.
_WORDS_ARE_MISSING = {Refusal.REASON_MISSING}


def explain(
    error: Exception,
    policy: Policy,
    *,
    reader: str | None = None,
    plain: bool = False,
    names: Mapping[str, str] | None = None,
) -> str:
    """The sentence for whatever kept something from being done.

    ``reader`` is the Slack id of who reads it. ``plain`` is for places that show no markup, such
    as the errors in a form: there people are called by their ``names``.
    """
    sentence = _explain(error, policy, reader)
    if not plain:
        return sentence
    for rest in (" For example:", *_UNDONE):
        sentence = sentence.partition(rest)[0]
    return unmarked(sentence, names)


def _explain(error: Exception, policy: Policy, reader: str | None) -> str:
    match error:
        case NotUnderstood():
            return _not_understood(error)
        case DurationError():
            return _not_a_time(error)
        case Refused():
            return _refused(error, policy)
        case AlreadyOpen():
            return _already_open(error.delegation, reader)
        case RemindedAlready():
            return _reminded_already(error.delegation)
        case Settled():
            return settled(error.delegation, error.state, reader)
        case NotKnown():
            return _NOT_KNOWN[error.thing]
        case StandingOver() | NothingToEnd() | DeputyNoMore() | NotForDeputies():
            return _with_names(error)
        case _:
            return next(_REASONS[kind] for kind in type(error).__mro__ if kind in _REASONS)


def help_text(policy: Policy, reader: str | None = None) -> str:
    """The answer to ``/sendas help``; an admin has more to do."""
    said = _help(policy)
    return f"{said}\n\n{FOR_ADMINS}" if reader in policy.admins else said


@cache
def _help(policy: Policy) -> str:
    return HELP.format(default=say_length(policy.default_duration), times=hints.times(policy))


def asked(outcomes: Sequence[Outcome], said: str, policy: Policy) -> str:
    """Said to the requester once the requests are stored; ``said`` is their time, in words."""
    if len(outcomes) == 1 and outcomes[0].delegation is not None:
        return _asked_one(outcomes[0].delegation, said)
    lines = [_outcome(each, "asked", policy) for each in outcomes]
    return "\n".join([f"To send email {said}:", *lines])


def granted(outcomes: Sequence[Outcome], said: str, policy: Policy) -> str:
    """Said to the grantor once the grants are stored."""
    if len(outcomes) == 1 and outcomes[0].delegation is not None:
        return _granted_one(outcomes[0].delegation, said)
    lines = [_outcome(each, "can send email as you", policy) for each in outcomes]
    return "\n".join([f"Given {said}:", *lines])


def covered(outcomes: Sequence[Outcome], said: str, policy: Policy, *, others: str = "") -> str:
    """Said to the grantor once a cover is stored; ``others`` is what there is to say beside."""
    lines = [_outcome(each, "covers for you", policy) for each in outcomes]
    if len(outcomes) == 1 and outcomes[0].delegation is not None:
        d = outcomes[0].delegation
        lines = [f"{mention(d.grantee_id)} covers for you {said}. {_what_follows(d)}"]
    else:
        lines.insert(0, f"While you are away, {said}:")
    return "\n".join([*lines, others] if others else lines)


def _what_follows(d: Delegation) -> str:
    if d.waits_for_second:
        return f"A rule here asks for a second yes from {words.second(d)} first."
    if d.starts_at is not None:
        return "It begins and ends automatically."
    return "I'm setting it up in Close."


def cannot_get(outcomes: Sequence[Outcome], policy: Policy) -> Sequence[str]:
    """Who of several cannot get a right, and why: some by name, the others counted."""
    lines = [_outcome(each, "", policy) for each in outcomes[: words.MOST_NAMED]]
    more = len(outcomes) - len(lines)
    return [*lines, f"• and {more} more"] if more else lines


def _granted_one(d: Delegation, said: str) -> str:
    can = f"{mention(d.grantee_id)} can send email as you {said}"
    if d.waits_for_second:
        return f"{can}, once a second yes has come from {words.second(d)}, as a rule here asks."
    return f"{can}. I'm setting it up in Close."


def _asked_one(d: Delegation, said: str) -> str:
    grantor = mention(d.grantor_id)
    if d.requester_id == d.grantor_id:
        return _granted_one(d, said)
    if d.standing_id is not None:
        return f"{grantor}'s standing approval covers this, {said}. I'm setting it up in Close."
    sender = party(d.grantee_id, d.requester_id).name
    return (
        f"Asked {grantor} whether {sender} can send email as them {said}. The answer follows in "
        "our direct messages."
    )


def _outcome(outcome: Outcome, done: str, policy: Policy) -> str:
    who = mention(outcome.person_id)
    if outcome.problem is None:
        d = outcome.delegation
        is_own = d is not None and d.grantor_id == d.requester_id == outcome.person_id
        return f"• {who}: agreed, as it is your own name" if is_own else f"• {who}: {done}"
    problem = explain(outcome.problem, policy)
    for rest in _UNDONE:
        problem = problem.partition(rest)[0]
    return f"• {problem}" if problem.startswith(who) else f"• {who}: {problem}"


def taken_back(delegation: Delegation) -> str:
    """The answer to ``/sendas revoke``."""
    grantee = mention(delegation.grantee_id)
    if delegation.state is State.ENDING:
        return f"Ending {grantee}'s right to send as you now. I'll tell you when Close confirms."
    return f"Done: {grantee} was not given the right to send as you."


def all_taken_back(
    revoked: Sequence[Delegation],
    before: Sequence[Delegation] = (),
    standing: Sequence[StandingApproval] = (),
) -> str:
    """The answer to ``/sendas revoke all``.

    ``before`` is what was over already and Close has not confirmed as gone, and ``standing`` are
    the standing approvals that still hold.
    """
    lines = []
    if revoked:
        lines.append(f"Ending what you gave {_names(revoked)}. I'll tell you when Close confirms.")
    if before:
        lines.append(
            f"Already over, but not yet confirmed as removed in Close: what you gave "
            f"{_names(before)}. Until then they may still be able to send as you."
        )
    if not lines:
        lines.append("Nobody can send email as you through me, so there is nothing to revoke.")
    if standing:
        lines.append(
            f"You still always approve {_names(standing)}; you can end that in my Home tab."
        )
    return "\n".join(lines)


def _names(given: Sequence[Delegation] | Sequence[StandingApproval]) -> str:
    names = list(dict.fromkeys(mention(each.grantee_id) for each in given))
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def given_back(delegation: Delegation) -> str:
    """The answer to ``/sendas release``."""
    grantor = mention(delegation.grantor_id)
    if delegation.state is State.ENDING:
        return f"Ending your right to send as {grantor} now. I'll tell you when Close confirms."
    return f"Done: your request to send as {grantor} is cancelled."


def ended_as_admin(delegation: Delegation) -> str:
    """The answer to an admin who has ended what is other people's."""
    grantor, grantee = mention(delegation.grantor_id), mention(delegation.grantee_id)
    if delegation.state is State.ENDING:
        return f"Ending {grantee}'s right to send as {grantor} now. Both are told why."
    return f"Done: {grantee} was not given the right to send as {grantor}. Both are told why."


def all_ended(
    person_id: str,
    ended: Sequence[Delegation],
    standing: Sequence[StandingApproval],
    deputies: Sequence[Deputy] = (),
) -> str:
    """The same for everything of one person."""
    ending = sum(each.state is State.ENDING for each in ended)
    kinds = [
        (ending, "right", "rights"),
        (len(ended) - ending, "request", "requests"),
        (len(standing), "standing approval", "standing approvals"),
        (len(deputies), "deputy", "deputies"),
    ]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in kinds if count]
    said = f"Ending everything of {mention(person_id)}: {', '.join(parts)}."
    return f"{said} `/sendas who {mention(person_id)}` shows what is left."


def extended(delegation: Delegation) -> str:
    """The answer to ``/sendas extend`` with a time."""
    if delegation.extension is not None and delegation.waits_for_second:
        agreed = f"You agreed to {words.more(delegation.extension)}."
        return f"{agreed} {words.waits_for_second(delegation)}"
    if delegation.extension is not None:
        return f"Asked {mention(delegation.grantor_id)} for {words.more(delegation.extension)}."
    pair = f"{mention(delegation.grantee_id)} can send as {mention(delegation.grantor_id)}"
    return f"Done: {pair} {words.end(delegation)}."


def settled(delegation: Delegation, state: State, reader: str | None = None) -> str:
    """Why a click changed nothing: what the delegation is now."""
    is_now = {
        State.REQUESTED: "is still waiting for an answer",
        State.APPROVED: "is already approved",
        State.ACTIVE: f"is active {words.end(delegation)}",
        State.ENDING: "is over and being removed in Close",
        State.ENDED: "has already ended",
        State.DENIED: "was denied",
        State.CANCELLED: "was cancelled",
        State.LAPSED: "has lapsed",
        State.FAILED: "could not be carried out",
    }[state]
    grantor = party(delegation.grantor_id, reader).name
    grantee = party(delegation.grantee_id, reader).name
    return f"Nothing changed: the request for {grantee} to send as {grantor} {is_now}."


_FOR_GRANTORS = {
    ForGrantors.TOO_LATE: "You answer for {grantor} until {until}, and what you approve has to end "
    "by then. Please approve a shorter time, or leave it to {grantor}.",
    ForGrantors.STRONG: "That lends the name of {grantor} for so long that only they can approve "
    "it, and confirm it in Close. I have told them.",
    ForGrantors.SECOND: "A rule here asks for your yes after that of {grantor}, so you cannot give "
    "both. {grantor} has the request, too.",
}


def _not_for_deputies(error: DeputyNoMore | NotForDeputies) -> str:
    if isinstance(error, DeputyNoMore):
        return f"You no longer answer requests for {mention(error.grantor_id)}.{_NOTHING}"
    grantor, until = mention(error.deputy.grantor_id), moment(error.deputy.until)
    return _FOR_GRANTORS[error.why].format(grantor=grantor, until=until) + _NOTHING


def _with_names(error: StandingOver | NothingToEnd | DeputyNoMore | NotForDeputies) -> str:
    match error:
        case StandingOver():
            return _standing_over(error.successor)
        case NothingToEnd():
            return _nothing_to_end(error.people)
        case _:
            return _not_for_deputies(error)


def _standing_over(successor: StandingApproval | None) -> str:
    if successor is None:
        return "Nothing changed: this standing approval has already ended."
    longest = say_length(successor.max_length)
    return (
        f"{words.CHANGED} You always approve {mention(successor.grantee_id)}, up to {longest} at a "
        f"time, until {moment(successor.until)}. You can end that one in my Home tab."
    )


def _nothing_to_end(people: Sequence[str]) -> str:
    *grantees, person = [mention(each) for each in people]
    if not grantees:
        return f"{person} has nothing that I could end. `/sendas who {person}` shows what there is."
    nothing = f"{grantees[0]} has no right to send as {person}, and no request for it waits."
    return f"{nothing} `/sendas who {person}` shows what there is."


def _already_open(d: Delegation, reader: str | None) -> str:
    """Read by the grantee, by the grantor, or by somebody who asked for another."""
    grantor, grantee = party(d.grantor_id, reader), party(d.grantee_id, reader)
    if d.waits_for_second and d.state is State.REQUESTED:
        waits = f"{grantor.first} agreed to let {grantee.name} send as {grantor.them}."
        return f"{waits} {words.waits_for_second(d)}{_NO_REQUEST}"
    state = {
        State.REQUESTED: f"A request for {grantee.name} to send as {grantor.name} "
        f"{words.terms(d)} already waits for an answer: {grantor.name} can press Approve on its "
        "card.",
        State.APPROVED: f"{grantor.first} {grantor.have} already approved {grantee.name} to send "
        f"as {grantor.them}; I'm setting it up.",
        State.ACTIVE: f"{grantee.first} can already send as {grantor.name} {words.end(d)}.",
        State.ENDING: f"{grantee.first_whose} last right to send as {grantor.name} is still being "
        "removed in Close. Please try again in a minute.",
    }[d.state]
    return f"{state}{_NO_REQUEST}"


_EXAMPLES = {Verb.REQUEST: EXAMPLE, Verb.DEPUTY: DEPUTY_EXAMPLE}


def _not_understood(error: NotUnderstood) -> str:
    word = f"“{quoted(error.word)}”" if error.word else "that"
    example = _EXAMPLES.get(error.verb, f"`/sendas {error.said} @colleague`")
    understood = f"`{error.said}` and the person"
    if error.verb in ALONE:
        example = understood = f"`/sendas {error.said}`"
    match error.muddle:
        case Muddle.GROUP:
            problem = "That is a group. A request goes to people, who each answer for themselves."
        case Muddle.EVERYBODY:
            problem = "That means everybody here. A request goes to people, one by one."
        case Muddle.NAME_NOT_MENTIONED:
            problem = (
                f"I read {word}, but Slack did not turn it into a person. Pick the name from the "
                "list that opens after typing @."
            )
        case Muddle.PERSON_MISSING:
            problem = "Who is this about?"
            if error.word:
                problem = f"I expected a person, but read {word}."
        case Muddle.TOO_MUCH:
            problem = f"I understood {understood}, but not {word} after it."
        case Muddle.UNKNOWN_WORD:
            problem = f"I don't know the command {word}."
    return f"{problem} For example: {example}. More: `/sendas help`"


def _not_a_time(error: DurationError) -> str:
    problem = misread.problem(error)
    if not misread.needs_an_example(error):
        return problem
    return f"{problem} {hints.GOOD_TIMES} For example: {EXAMPLE}"


def _reminded_already(d: Delegation) -> str:
    grantor = mention(d.grantor_id)
    if d.remind_at is not None and d.nudged_at is not None and not d.reminders:
        return f"I'll remind {grantor} {moment(d.remind_at)}. Once a workday is enough."
    return f"{grantor} has been reminded today. You can ask me again on the next workday."


def rule(
    refusal: Refusal, policy: Policy, about: str | None = None, *, by: Rule | None = None
) -> str:
    """What stands against it, in a sentence: ``by`` a rule of the company, or the policy."""
    if by_rule := said_by_rule(refusal, by):
        return f"{quoted(by_rule)}."
    return _REFUSALS[refusal].format(
        who=mention(about) if about else "That person",
        shortest=say_length(policy.min_duration),
        longest=say_length(policy.max_duration),
    )


def _refused(error: Refused, policy: Policy) -> str:
    problem = rule(error.refusal, policy, error.about, by=error.rule)
    example = f" For example: {EXAMPLE}" if error.refusal in _WORDS_ARE_MISSING else ""
    return f"{problem}{_NOTHING}{example}"
