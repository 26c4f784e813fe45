### What citizens read, in Albanian; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.
### SMS are without ë and ç, as is usual: with them each would cost twice as much.

## Problems
problem-bad-request-title = Kërkesë e pavlefshme
problem-bad-request-detail = Kontrollo çfarë ke shkruar dhe provo përsëri.
problem-unauthorized-title = Faqja u mbyll
problem-unauthorized-detail = Hape sërish lidhjen e mesazhit ose shkruaje përsëri kodin.
problem-voucher-not-found-title = Kuponi nuk u gjet
problem-voucher-not-found-detail = Kontrollo kodin: ndoshta ka një gabim shtypi.
problem-voucher-expired-title = Kupon i skaduar
problem-voucher-expired-detail = Kuponi ka skaduar: nuk mund të përdoret më. Për pyetje, telefono Bashkinë.
problem-voucher-closed-title = Kupon i mbyllur
problem-voucher-closed-detail = Bashkia e ka mbyllur kuponin. Për të ditur pse, telefono Bashkinë.
problem-voucher-reissued-title = Kodi u zëvendësua
problem-voucher-reissued-detail = Ky kod është zëvendësuar: përdor të riun.
problem-pin-required-title = Duhet PIN-i
problem-pin-required-detail = Duhet PIN-i i kuponit.
problem-pin-wrong-title = PIN i gabuar
problem-pin-wrong-detail = PIN-i nuk është i saktë.
problem-too-many-requests-title = Shumë prova
problem-too-many-requests-detail = Prit pak dhe provo përsëri.

## Messages
sms-voucher-link = { $municipality }: kuponi yt prej { $amount }, deri me { $expires }. Hape ketu: { $link }
sms-voucher-link-pin = { $municipality }: kuponi yt prej { $amount }, deri me { $expires }. Hape ketu: { $link } Mbi { $threshold } duhet PIN-i { $pin }: mos ia thuaj askujt, shkruaje vete ne arke.
sms-purchase = Shpenzove { $amount } te { $shop }. Mbeten { $balance }.
sms-reversal = { $shop } te ktheu { $amount }. Mbeten { $balance }.

## Every page
site-name = Buono
site-brand = Kuponë digjitalë për blerje
site-skip = Shko te përmbajtja
site-language = Shqip
site-languages = Gjuha
site-accessibility = Deklarata e aksesueshmërisë
site-big-type = Shkronja të mëdha
site-normal-type = Shkronja normale
home-title = Kuponët e Bashkisë për blerje
home-text = Kush je?
home-citizen = Kam një kupon
home-citizen-text = Shoh sa ka mbetur, kodin për ta treguar dhe dyqanet.
home-shop = Jam dyqan
home-shop-text = Pranoj kuponët dhe shoh veprimet e mia.
home-office = Punoj në Bashki
home-office-text = Ngarkoj listat dhe ndjek kuponët, dyqanet dhe mesazhet.
accessibility-title = Deklarata e aksesueshmërisë
accessibility-aim = Duam që kushdo t'i përdorë këto faqe, me çdo telefon dhe pa ndihmë. Ndjekim WCAG 2.2, niveli AA.
accessibility-works = Çfarë funksionon
accessibility-works-phone = Faqet futen në një ekran 320 pika të gjerë dhe lexohen me lexues ekrani.
accessibility-works-keyboard = Gjithçka mund të bëhet vetëm me tastierë dhe shihet gjithmonë ku je.
accessibility-works-zoom = Shkronjat mund të zmadhohen deri në 200 % pa humbur asgjë.
accessibility-works-script = Faqja e kuponit funksionon edhe pa JavaScript, duke shkruar kodin.
accessibility-works-paper = Kush nuk ka telefon përdor kuponin e shtypur.
accessibility-works-languages = Faqja e kuponit është në tetë gjuhë. Jo të gjitha janë kontrolluar nga folës amtarë.
accessibility-limits = Çfarë mungon ende
accessibility-limits-text = Faqja e dyqanit dhe ajo e Bashkisë kanë nevojë për JavaScript.
accessibility-report = Diçka nuk funksionon?
accessibility-report-text = Telefono ose shkruaji Bashkisë: numri dhe adresa janë në faqen dhe në fletën e kuponit. Të ndihmojmë dhe e rregullojmë faqen.
accessibility-authority-text = Nëse për tridhjetë ditë nuk merr përgjigje, mund t'i drejtohesh «Difensore civico per il digitale» pranë AgID.
accessibility-formal = Deklarata e Bashkisë
accessibility-formal-text = Deklaratën zyrtare sipas modelit të AgID e publikon Bashkia në faqen e vet.
accessibility-formal-link = Lexo deklaratën e Bashkisë
accessibility-written = Shkruar nga Bashkia më { $day }.
accessibility-towns = Deklarata e çdo Bashkie
trouble-again = Provo përsëri
trouble-ours-title = Nuk funksionoi
trouble-ours-text = Gabimi është yni, jo yti. Provo përsëri pas pak. Shuma jote nuk ndryshon.

## The voucher's page
door-title = Hape kuponin tënd
door-opening = Po hapet kuponi…
door-not-found = Ky kod nuk hap asnjë kupon. Kontrolloje, ose telefono Bashkinë.
door-offline = Pa rrjet: provohet përsëri vetë. Nuk duhet ta ringarkosh faqen.
door-over = Faqja u mbyll për të mbrojtur kuponin tënd.
door-over-text = Ndodh pas 30 minutash pa e përdorur. Kuponi është ende yti: hape sërish lidhjen e mesazhit ose shkruaje përsëri kodin.
door-code = Kodi i kuponit
door-code-help = Është në fletë dhe poshtë kodit QR. Hapësirat, vizat dhe shkronjat e mëdha nuk kanë rëndësi.
door-pin = PIN-i i kuponit
door-pin-help = Është në mesazhin e Bashkisë. Me lidhjen nuk duhet.
door-pin-wrong = PIN-i nuk është i saktë. Kontrolloje, ose telefono Bashkinë.
door-open = Hape kuponin
door-no-script = Lidhja nuk hapet vetë?
door-no-script-text = Ky telefon nuk ekzekuton JavaScript. Kopjo në fushën më sipër të gjithë lidhjen e mesazhit, ose shkronjat pas shenjës #, dhe shtyp «Hape kuponin».
page-title = Kuponi yt për blerje
page-balance = Mund të shpenzosh
page-on-voucher = Në kupon ka
page-of-total = nga { $total } të marra
page-held = { $held } janë rezervuar nga një dyqan
page-balance-at = Shuma më { $at }
page-valid-until = I vlefshëm deri më { $day } përfshirë
page-why-not-yet-valid = Mund ta shpenzosh nga { $day }.
page-why-suspended = Bashkia e ka pezulluar programin: tani për tani dyqanet nuk mund ta pranojnë kuponin.
page-why-expired = Vlente deri më { $day }: nuk mund të shpenzohet më.
page-why-blocked = Askush nuk mund ta përdorë. Për ta zhbllokuar telefono Bashkinë:
page-why-closed = Për të ditur pse, telefono Bashkinë:
page-why-reissued = Bashkia të ka dhënë një kod të ri: përdor mesazhin e fundit ose fletën e re. Kodi i vjetër nuk vlen më. Nëse nuk i gjen, telefono:
page-live = Përditësohet vetë
page-offline = Pa rrjet: shuma mund të jetë e vjetër
page-offline-since = Kjo është shuma më { $at }. Provohet përsëri vetë.
page-show-code = Tregoje këtë kod në arkë
page-qr-alt = Kodi QR i kuponit: e lexon arka
page-or-say = Ose thuaje këtë kod:
page-code-changes = Ky kod QR ndryshon çdo minutë: tregoje drejtpërdrejt nga telefoni. Një foto e vjetër nuk vlen.
page-code-typed = Arka nuk e lexon kodin QR? Shih kodin për ta thënë
page-refresh = Përditëso
page-print = Shtyp fletën
page-print-card = Shtyp kartën
page-pdf = Shkarko fletën në PDF
page-pdf-card = Shkarko kartën në PDF
page-sheet-note = Kjo fletë nuk përditësohet: shumën e vërtetë e kontrollon arka.
page-contents = Në këtë faqe
page-movements = Lëvizjet
page-no-movements = Ende asnjë lëvizje.
page-left = mbeten { $balance }
page-shops = Ku mund ta shpenzosh
page-shops-count = { $count ->
    [one] E pranon një dyqan.
   *[other] E pranojnë { $count } dyqane.
}
page-shops-filter = Kërko një dyqan, një rrugë ose çfarë shet
page-shops-found = Dyqane të gjetura:
page-shops-category = Lloji i dyqanit
page-shops-all = Të gjitha llojet
page-shops-near = Më të afërtit në fillim
page-shops-locating = Po kërkohet ku je…
page-shops-no-place = Telefoni nuk tregon ku je. Dyqanet mbeten sipas alfabetit.
page-shops-away = { $distance } km larg
page-shops-map = Hape në hartë
page-rules = Rregullat
page-help = Ndihmë
page-help-text = Telefono ose shkruaji Bashkisë:
page-block-title = E ke humbur kuponin?
page-block-text = Nëse e bllokon, askush nuk mund ta përdorë më, as ti. Shuma mbetet jotja, por vetëm Bashkia mund ta zhbllokojë kuponin ose të të japë një të ri.
page-block-confirm = Po, dua ta bllokoj tani
page-block = Blloko kuponin
page-keep-title = Ta gjesh shpejt
page-keep-text = Nëse do, ky telefon e mban kuponin të hapur dhe nuk e kërkon më kodin. Bëje vetëm nëse telefoni është yti.
page-keep = Mbaje mend në këtë telefon
page-kept = Ky telefon e mban kuponin të hapur.
page-kept-text = Për të pasur një ikonë: nga menyja e shfletuesit zgjidh «Shto në ekranin bazë». Në iPhone: prek butonin e ndarjes (Condividi), pastaj «Aggiungi alla schermata Home»; nëse propozon ta hapë si aplikacion ueb, çaktivizoje.
page-forget = Mos e mbaj mend më

## Names of things
status-active = Aktiv
status-blocked = I bllokuar
status-expired = I skaduar
status-closed = I mbyllur nga Bashkia
status-not-yet-valid = Ende jo i vlefshëm
status-reissued = Kodi u zëvendësua
status-suspended = Programi i pezulluar
kind-issue = Kuponi u mor
kind-top-up = Shtesë
kind-redemption = Blerje
kind-capture = Blerje
kind-reversal = Kthim
kind-expire = Skadim
kind-close = Mbyllje

# Letra: kuponi i shtypur
paper-voucher = Kupon për blerje ushqimesh
paper-balance-at = Shuma më { $at }
paper-until = Mund të shpenzohet deri më { $day }, kjo ditë përfshirë
paper-code = Kodi për ta thënë në arkë
paper-qr-alt = Kodi QR i kuponit: e lexon arka
paper-not-updated = Kjo fletë nuk përditësohet vetë: shumën e vërtetë e di arka.
paper-card-how = Prite sipas vijave dhe palose në mes.
paper-how = Si përdoret
paper-how-1 = Shko në një nga dyqanet e kësaj liste.
paper-how-2 = Në arkë trego kodin QR ose thuaj kodin e shkruar pranë.
paper-how-3 = Mund të shpenzosh vetëm një pjesë: pjesa tjetër mbetet në kupon.
paper-rules = Rregullat
paper-help = Ndihmë
paper-shops = Ku mund ta shpenzosh
