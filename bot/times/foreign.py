"""Times in other languages: not read, but known for what they are, so nobody gets a day by silence.

Only the words that such a text begins with; nothing is translated.
"""

import re

_UNTIL = set(
    "bis jusqu'à jusqu'au jusqu'en jusque jusqu hasta até fino tot tills kunnes kadar".split()
)
_UNTIL_BEFORE_A_DAY = {"tot", "do", "a", "al", "fino", "ate"}
_LEADS = set(
    # German, French, Spanish and Portuguese, Italian, Dutch, the North, Polish
    "für fuer ab von vom am den der das die dem ganzen ganze ganzer nächsten nächste nächster "
    "diese diesen dieser kommenden übernächsten in im seit noch nur etwa ca "
    "pour pendant durant de du des le la les toute tout toutes prochain prochaine ce cette encore "
    "por durante el los las todo toda próximo próxima este esta desde para o os as "
    "per il lo gli i tutto tutta prossimo prossima questo questa da dal entro "
    "voor de het hele komende vanaf nog "
    "i til på för hele hela nästa fram na cały przez od".split()
)
_NUMBERS = set(
    "ein eine einen einer eineinhalb anderthalb zwei drei vier fünf fuenf sechs sieben acht neun "
    "zehn zwölf halbe halben halber paar "
    "un une deux trois quatre cinq six sept huit neuf dix demi demie quelques "
    "uno una unos unas dos tres cuatro cinco seis siete ocho nueve diez media medio "
    "um uma dois duas três quatro due tre quattro cinque sei sette otto nove dieci mezza mezzo "
    "een één twee drie vier vijf zes zeven acht negen tien half halve "
    "en ett två fyra fem en et to tre fire jeden jedna dwa dwie trzy cztery pięć pół".split()
)
_UNITS = set(
    "sekunde sekunden minuten stunde stunden std stdn tag tage tagen werktag werktage arbeitstage "
    "woche wochen monat monate monaten jahr jahre "
    "seconde secondes heure heures demi-heure jour jours journée journee semaine semaines mois an "
    "ans année minuto minutos hora horas día dia días dias semana semanas mes meses mês año años "
    "secondi minuti ora ore giorno giorni giornata settimana settimane mese mesi anno anni "
    "uur uren dag dagen weken maand maanden jaar "
    "timme timmar timer dagar dage dager vecka veckor uge uger uke uker månad månader "
    "godzina godzinę godziny godzin dzień dni tydzień tygodnie tygodni miesiąc miesiące "
    "saat gün hafta ay tuntia tunti päivä päivää viikko viikkoa "
    "час часа часов день дня дней неделя недели неделю недель минут минуты месяц".split()
)
_DAYS = set(
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag heute morgen übermorgen "
    "wochenende feierabend mitternacht morgens abends "
    "lundi mardi mercredi jeudi vendredi samedi dimanche demain aujourd'hui après-demain minuit "
    "lunes martes miércoles miercoles jueves viernes sábado sabado domingo mañana hoy medianoche "
    "segunda terça quarta quinta sexta segunda-feira terça-feira quarta-feira quinta-feira "
    "sexta-feira amanhã amanha hoje "
    "lunedì lunedi martedì martedi mercoledì mercoledi giovedì giovedi venerdì venerdi sabato "
    "domenica domani oggi dopodomani mezzanotte "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag vandaag overmorgen "
    "måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag imorgon idag "
    "poniedziałek poniedziałku wtorek wtorku środa środę środy czwartek czwartku piątek piątku "
    "sobota soboty niedziela niedzieli jutro dziś dzisiaj jutra "
    "завтра сегодня понедельник понедельника вторник вторника среда среды четверг четверга пятница "
    "пятницы суббота субботы воскресенье воскресенья "
    "januar februar märz juni juli oktober dezember janvier février avril juin juillet août "
    "septembre octobre décembre enero febrero marzo abril junio julio agosto septiembre octubre "
    "noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "
    "januari februari maart augustus janeiro fevereiro março maio junho julho setembro "
    "outubro dezembro "
    "yarın bugün cuma perjantai perjantaihin huomenna huomiseen tänään".split()
)
_FOREVER = set("immer dauerhaft unbegrenzt toujours siempre sempre altijd alltid zawsze".split())
_ALSO_ENGLISH = {"an", "six", "media", "mes", "ay", "timer", "tag", "quarta", "as", "mars", "dia"}
_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)?[½¼¾]?")
_GLUED = re.compile(r"[0-9]+(?:[.,][0-9]+)?([^\W\d_]{2,})")
_OTHER_SCRIPTS = re.compile(
    r"[0-9一二两三四五六七八九十]+\s?(?:个?小时|個?小時|時間|分钟|分鐘|天|日間?|週間?|周|个月|個月|시간|일|주)"
    r"|明天|今天|后天|到(?:周|星期|明)|明日|今日|直到|내일|오늘|до\s"
)
_MOST_WORDS = 5


def is_foreign_time(text: str) -> bool:
    """Whether the text begins with a time in another language than English."""
    if _OTHER_SCRIPTS.match(text.lower()):
        return True
    words = [
        word.lower().replace("’", "'").strip("\"“”„«»‘'()[],;:.!?…*_`")
        for word in text.split(None, _MOST_WORDS)[:_MOST_WORDS]
    ]
    if not words or not words[0]:
        return False
    if words[0] in {"until", "till", "for", "from", "by"} and len(words) > 1:
        words = words[1:]
    return words[:2] != ["mardi", "gras"] and _is_foreign(words)


def _is_foreign(words: list[str]) -> bool:
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _UNTIL - _UNTIL_BEFORE_A_DAY or first.startswith("jusqu'"):
        return True
    if first in _UNTIL_BEFORE_A_DAY and (second in _DAYS or second[:1].isdigit()):
        return first != "a" or second in _DAYS
    if first == "fino" and second in {"a", "al", "alle"}:
        return True
    is_counted = False
    for word in words:
        if found := _GLUED.fullmatch(word):
            return found[1] in _UNITS - _ALSO_ENGLISH
        if word in _DAYS or (word in _FOREVER and is_counted):
            return True
        if word in _UNITS:
            return is_counted
        if not (_DIGITS.fullmatch(word) or word in _NUMBERS or word in _LEADS):
            return False
        is_counted = True
    return False
