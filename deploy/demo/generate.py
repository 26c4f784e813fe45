#!/usr/bin/env python3
"""Makes the demonstration town's two files, in the messy form that offices produce: windows-1252,
semicolons, decimal commas, a few wrong rows. Everybody and everything in them is invented."""
import random

R = random.Random(2026)
ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
SURNAMES = "Bellocchi Carminati Dalbosco Esposti Ferrantino Gualandi Lambrusco Mezzaro Nicolò Ongarello Pastorin Quartieri Riccobene Sant'Orsola Tavernelle Ubaldini Viscardo Zampognari Dell'Orto Forlì Cantù Bonomè".split()
NAMES = "Ada Bruno Carla Dario Elena Fabio Gina Hassan Irina Jamal Katia Luca Mirela Noè Olena Piero Rosa Samir Teresa Ugo Vera Zoe Niccolò Desirée".split()
KINDS = [("Alimentari", "Alimentari"), ("Panificio", "Panificio"), ("Macelleria", "Macelleria"), ("Ortofrutta", "Ortofrutta"), ("Supermercato", "Supermercato"), ("Farmacia", "Farmacia"), ("Latteria", "Latteria"), ("Pescheria", "Pescheria")]
STREETS = ["Via Roma", "Piazza della Libertà", "Via XX Settembre", "Viale dei Tigli", "Via San Rocco", "Corso Garibaldi", "Via della Stazione"]


def letters(text, name=False):
    only = [c for c in text.upper().replace("Ò", "O").replace("Ì", "I").replace("Ù", "U").replace("È", "E").replace("É", "E") if c.isalpha() and c.isascii()]
    consonants = [c for c in only if c not in "AEIOU"]
    if name and len(consonants) > 3:
        consonants = [consonants[0]] + consonants[2:4]
    return "".join((consonants + [c for c in only if c in "AEIOU"] + ["X"] * 3)[:3])


def check(code):
    total = 0
    for at, c in enumerate(code):
        rank = int(c) if c.isdigit() else ord(c) - 65
        total += ODD[rank] if at % 2 == 0 else rank
    return chr(65 + total % 26)


def tax_code(surname, name):
    day = R.randint(1, 28) + R.choice([0, 40])
    code = letters(surname) + letters(name, True) + f"{R.randint(40, 99)}" + R.choice("ABCDEHLMPRST") + f"{day:02d}" + "Z" + f"{R.randint(900, 999)}"
    return code + check(code)


def vat():
    digits = [int(c) for c in f"{R.randint(9000000, 9999999)}099"]
    total = sum(d if at % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for at, d in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def iban():
    bban = "X" + "09999" + "09999" + f"{R.randint(0, 10**12 - 1):012d}"
    number = "".join(str(int(c, 36)) for c in bban + "IT00")
    return f"IT{98 - int(number) % 97:02d}" + bban


def phone():
    digits = f"{R.randint(0, 999999):06d}"
    return R.choice(["333 0{}", "3330{}", "+39 333 0{}", "333/0{}", "0039 3330{}"]).format(digits)


def shops():
    rows = ["Riferimento;INSEGNA;Ragione Sociale;Partita IVA;E-mail;Telefono;Indirizzo;CAP;Comune;Provincia;Categoria;IBAN;Referente nome;Referente cellulare"]
    for at in range(1, 43):
        kind, category = R.choice(KINDS)
        owner = R.choice(SURNAMES)
        number, account = vat(), iban()
        if at == 17:
            number = number[:-1] + str((int(number[-1]) + 1) % 10)
        if at == 29:
            account = account[:-1] + str((int(account[-1]) + 1) % 10)
        rows.append(f"ES{at:03d};{kind} {owner};{owner} S.r.l.;{number};negozio{at}@example.org;0599 1{at:05d};{R.choice(STREETS)} {R.randint(1, 90)};41099;Borgo San Rocco;MO;{category};{account};{R.choice(NAMES)} {owner};{phone()}")
    return rows


def families():
    rows = ["Riferimento; Codice Fiscale ;Cognome;Nome;Cellulare;Email;Lingua;Componenti;Minori;IMPORTO;Scadenza;Canale;Note"]
    for at in range(1, 501):
        surname, name = R.choice(SURNAMES), R.choice(NAMES)
        people = R.randint(1, 7)
        minors = R.randint(0, people - 1)
        amount = 50 + 50 * people + 20 * minors
        shown = R.choice([f"{amount},00", f"{amount}", f"{amount},0", f"\u20ac {amount},00"])
        reference, code, expiry = f"{2026}/{at:04d}", tax_code(surname, name), ""
        channel = R.choices(["sms", "email", "carta"], [80, 8, 12])[0]
        mobile = phone() if channel != "carta" or R.random() < .3 else ""
        mail = f"famiglia{at}@example.org" if channel == "email" else ""
        language = R.choices(["it", "en", "fr", "ro", "ar", "uk", "sq", ""], [50, 8, 8, 10, 8, 6, 5, 5])[0]
        note = "nucleo con minori; priorit\u00e0" if minors > 3 else ""
        if at == 1:
            shown, channel, mobile, language, people, minors = "50,00", "sms", "333 0123456", "it", 2, 1
        if at == 23: code = code[:-1] + ("A" if code[-1] != "A" else "B")
        if at == 57: shown = ""
        if at == 101: reference = "2026/0100"
        if at == 145: expiry = "31/02/2027"
        if at == 202: shown = "10,005"
        if at == 260: mobile, channel = "12", "sms"
        if at == 333: expiry = "31/12/2030"
        if at == 404: name, surname = '<script>', '=HYPERLINK("http://x","y")'
        note = f'"{note}"' if ";" in note else note
        cell = lambda text: '"' + text.replace('"', '""') + '"' if '"' in text else text
        rows.append(f"{reference};{code};{cell(surname)};{name};{mobile};{mail};{language};{people};{minors};{shown};{expiry};{channel};{note}")
    return rows


for path, rows in (("esercizi.csv", shops()), ("beneficiari.csv", families())):
    with open(path, "wb") as out:
        out.write("\r\n".join(rows + [""]).encode("cp1252"))
