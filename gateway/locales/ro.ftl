### What citizens read, in Romanian; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.
### SMS are without diacritics, as is usual: with them each would cost twice as much.

## Problems
problem-bad-request-title = Cerere nevalidă
problem-bad-request-detail = Verifică ce ai scris și încearcă din nou.
problem-unauthorized-title = Pagina s-a închis
problem-unauthorized-detail = Deschide din nou linkul din mesaj sau scrie iar codul.
problem-voucher-not-found-title = Bonul nu a fost găsit
problem-voucher-not-found-detail = Verifică codul: poate este o greșeală de scriere.
problem-voucher-expired-title = Bon expirat
problem-voucher-expired-detail = Bonul a expirat: nu mai poate fi folosit. Pentru întrebări, sună la Primărie.
problem-voucher-closed-title = Bon închis
problem-voucher-closed-detail = Bonul a fost închis de Primărie. Ca să afli de ce, sună la Primărie.
problem-voucher-reissued-title = Cod înlocuit
problem-voucher-reissued-detail = Acest cod a fost înlocuit: folosește-l pe cel nou.
problem-pin-required-title = Trebuie PIN-ul
problem-pin-required-detail = Trebuie PIN-ul bonului.
problem-pin-wrong-title = PIN greșit
problem-pin-wrong-detail = PIN-ul nu este corect.
problem-too-many-requests-title = Prea multe încercări
problem-too-many-requests-detail = Așteaptă puțin și încearcă din nou.

## Messages
sms-voucher-link = { $municipality }: bonul tau de cumparaturi de { $amount }, valabil pana la { $expires }. Deschide-l aici: { $link }
sms-voucher-link-pin = { $municipality }: bonul tau de cumparaturi de { $amount }, valabil pana la { $expires }. Deschide-l aici: { $link } Peste { $threshold } trebuie PIN-ul { $pin }: nu il spune nimanui, scrie-l tu la casa.
sms-purchase = Ai cheltuit { $amount } la { $shop }. Raman { $balance }.
sms-reversal = { $shop } ti-a dat inapoi { $amount }. Raman { $balance }.

## Every page
site-name = Buono
site-brand = Bonuri de cumpărături digitale
site-skip = Mergi la conținut
site-language = Română
site-languages = Limba
site-accessibility = Declarație de accesibilitate
site-big-type = Litere mari
site-normal-type = Litere normale
home-title = Bonurile de cumpărături ale Primăriei
home-text = Cine ești?
home-citizen = Am un bon
home-citizen-text = Văd cât a rămas, codul de arătat și magazinele.
home-shop = Sunt un magazin
home-shop-text = Încasez bonurile și îmi văd operațiunile.
home-office = Lucrez la Primărie
home-office-text = Încarc listele și urmăresc bonurile, magazinele și mesajele.
accessibility-title = Declarație de accesibilitate
accessibility-aim = Vrem ca oricine să poată folosi aceste pagini, cu orice telefon și fără ajutor. Urmăm WCAG 2.2, nivelul AA.
accessibility-works = Ce funcționează
accessibility-works-phone = Paginile încap pe un ecran lat de 320 de puncte și pot fi citite cu un cititor de ecran.
accessibility-works-keyboard = Totul se poate face numai cu tastatura și se vede mereu unde ești.
accessibility-works-zoom = Literele se pot mări până la 200 % fără să se piardă nimic.
accessibility-works-script = Pagina bonului funcționează și fără JavaScript, cu codul scris de mână.
accessibility-works-paper = Cine nu are telefon folosește bonul tipărit.
accessibility-works-languages = Pagina bonului este în opt limbi. Nu toate au fost verificate de un vorbitor nativ.
accessibility-limits = Ce lipsește încă
accessibility-limits-text = Pagina magazinului și cea a Primăriei au nevoie de JavaScript.
accessibility-report = Ceva nu funcționează?
accessibility-report-text = Sună sau scrie la Primărie: numărul și adresa sunt pe pagina și pe foaia bonului. Te ajutăm și corectăm pagina.
accessibility-authority-text = Dacă în treizeci de zile nu primești răspuns, te poți adresa la „Difensore civico per il digitale”, de la AgID.
accessibility-formal = Declarația Primăriei
accessibility-formal-text = Declarația oficială după modelul AgID este publicată de Primărie pe site-ul ei.
accessibility-formal-link = Citește declarația Primăriei
accessibility-written = Scris de Primărie la { $day }.
accessibility-towns = Declarația fiecărei Primării
trouble-again = Încearcă din nou
trouble-ours-title = Nu a mers
trouble-ours-text = Greșeala este a noastră, nu a ta. Încearcă din nou peste puțin timp. Soldul tău nu se schimbă.

## The voucher's page
door-title = Deschide bonul tău
door-opening = Se deschide bonul…
door-not-found = Acest cod nu deschide niciun bon. Verifică-l sau sună la Primărie.
door-offline = Fără rețea: se încearcă din nou singur. Nu trebuie să reîncarci pagina.
door-over = Pagina s-a închis ca să-ți protejeze bonul.
door-over-text = Se întâmplă după 30 de minute fără folosire. Bonul este tot al tău: deschide din nou linkul din mesaj sau scrie iar codul.
door-code = Codul bonului
door-code-help = Este pe foaie și sub codul QR. Spațiile, liniuțele și literele mari nu contează.
door-pin = PIN-ul bonului
door-pin-help = Este în mesajul Primăriei. Cu linkul nu este nevoie de el.
door-pin-wrong = PIN-ul nu este corect. Verifică-l sau sună la Primărie.
door-open = Deschide bonul
door-no-script = Linkul nu se deschide singur?
door-no-script-text = Acest telefon nu rulează JavaScript. Copiază în câmpul de mai sus tot linkul din mesaj sau caracterele de după semnul # și apasă „Deschide bonul”.
page-title = Bonul tău de cumpărături
page-balance = Poți cheltui
page-on-voucher = Pe bon sunt
page-of-total = din { $total } primiți
page-held = { $held } sunt rezervați de un magazin
page-balance-at = Soldul din { $at }
page-valid-until = Valabil până la { $day } inclusiv
page-why-not-yet-valid = Îl poți cheltui din { $day }.
page-why-suspended = Primăria a suspendat programul: deocamdată magazinele nu pot primi bonul.
page-why-expired = A fost valabil până la { $day }: nu mai poate fi cheltuit.
page-why-blocked = Nimeni nu îl poate folosi. Pentru deblocare sună la Primărie:
page-why-closed = Ca să afli de ce, sună la Primărie:
page-why-reissued = Primăria ți-a dat un cod nou: folosește ultimul mesaj sau foaia nouă. Codul vechi nu mai este valabil. Dacă nu le găsești, sună la:
page-live = Se actualizează singur
page-offline = Fără rețea: soldul poate fi vechi
page-offline-since = Acesta este soldul din { $at }. Se încearcă din nou singur.
page-show-code = Arată acest cod la casă
page-qr-alt = Codul QR al bonului: îl citește casa
page-or-say = Sau spune acest cod:
page-code-changes = Acest cod QR se schimbă în fiecare minut: arată-l direct de pe telefon. O fotografie veche nu este valabilă.
page-code-typed = Casa nu citește codul QR? Vezi codul de spus
page-refresh = Actualizează
page-print = Tipărește foaia
page-print-card = Tipărește cardul
page-pdf = Descarcă foaia în PDF
page-pdf-card = Descarcă cardul în PDF
page-sheet-note = Această foaie nu se actualizează: soldul adevărat îl verifică la casă.
page-contents = Pe această pagină
page-movements = Mișcări
page-no-movements = Încă nicio mișcare.
page-left = rămân { $balance }
page-shops = Unde îl poți cheltui
page-shops-count = { $count ->
    [one] Îl primește un magazin.
    [few] Îl primesc { $count } magazine.
   *[other] Îl primesc { $count } de magazine.
}
page-shops-filter = Caută un magazin, o stradă sau ce vinde
page-shops-found = Magazine găsite:
page-shops-category = Tipul magazinului
page-shops-all = Toate tipurile
page-shops-near = Întâi cele mai apropiate
page-shops-locating = Se caută unde ești…
page-shops-no-place = Telefonul nu spune unde ești. Magazinele rămân în ordine alfabetică.
page-shops-away = la { $distance } km
page-shops-map = Deschide pe hartă
page-rules = Reguli
page-help = Ajutor
page-help-text = Sună sau scrie la Primărie:
page-block-title = Ai pierdut bonul?
page-block-text = Dacă îl blochezi, nimeni nu îl mai poate folosi, nici tu. Banii rămân ai tăi, dar numai Primăria poate debloca bonul sau îți poate da unul nou.
page-block-confirm = Da, vreau să îl blochez acum
page-block = Blochează bonul
page-keep-title = Să îl găsești repede
page-keep-text = Dacă vrei, acest telefon ține bonul deschis și nu mai cere codul. Fă asta numai dacă telefonul este al tău.
page-keep = Ține minte pe acest telefon
page-kept = Acest telefon ține bonul deschis.
page-kept-text = Ca să ai o pictogramă: din meniul browserului alege „Adaugă pe ecranul de pornire”. Pe iPhone: atinge Partajează, apoi „Adaugă la ecranul principal”; dacă propune deschiderea ca aplicație web, dezactiveaz-o.
page-forget = Nu îl mai ține minte

## Names of things
status-active = Activ
status-blocked = Blocat
status-expired = Expirat
status-closed = Închis de Primărie
status-not-yet-valid = Încă nu este valabil
status-reissued = Cod înlocuit
status-suspended = Program suspendat
kind-issue = Bon primit
kind-top-up = Reîncărcare
kind-redemption = Cumpărătură
kind-capture = Cumpărătură
kind-reversal = Restituire
kind-expire = Expirare
kind-close = Închidere

# Hârtie: bonul tipărit
paper-voucher = Bon de cumpărături
paper-balance-at = Soldul din { $at }
paper-until = Se poate cheltui până pe { $day } inclusiv
paper-code = Codul de spus la casă
paper-qr-alt = Codul QR al bonului: îl citește casa
paper-not-updated = Această foaie nu se actualizează singură: soldul adevărat îl știe casa.
paper-card-how = Decupează pe linia întreruptă și îndoaie la mijloc.
paper-how = Cum se folosește
paper-how-1 = Mergi într-unul dintre magazinele din această listă.
paper-how-2 = La casă arată codul QR sau spune codul scris alături.
paper-how-3 = Poți cheltui doar o parte: restul rămâne pe bon.
paper-rules = Reguli
paper-help = Ajutor
paper-shops = Unde îl poți cheltui
