### What citizens read, in French; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.
### SMS use only letters of the GSM alphabet: no ç, no ê.

## Problems
problem-bad-request-title = Demande non valable
problem-bad-request-detail = Vérifiez ce que vous avez écrit et réessayez.
problem-unauthorized-title = La page s'est fermée
problem-unauthorized-detail = Rouvrez le lien du message ou tapez de nouveau le code.
problem-voucher-not-found-title = Bon introuvable
problem-voucher-not-found-detail = Vérifiez le code : il y a peut-être une faute de frappe.
problem-voucher-expired-title = Bon expiré
problem-voucher-expired-detail = Le bon a expiré : il ne peut plus être utilisé. Pour toute question, appelez la mairie.
problem-voucher-closed-title = Bon fermé
problem-voucher-closed-detail = Le bon a été fermé par la mairie. Pour savoir pourquoi, appelez la mairie.
problem-voucher-reissued-title = Code remplacé
problem-voucher-reissued-detail = Ce code a été remplacé : utilisez le nouveau.
problem-pin-required-title = PIN demandé
problem-pin-required-detail = Il faut le PIN du bon.
problem-pin-wrong-title = PIN faux
problem-pin-wrong-detail = Ce PIN n'est pas le bon.
problem-too-many-requests-title = Trop d'essais
problem-too-many-requests-detail = Attendez un moment et réessayez.

## Messages
sms-voucher-link = { $municipality } : votre bon d'achat de { $amount }, valable jusqu'au { $expires }. Ouvrez-le ici : { $link }
sms-voucher-link-pin = { $municipality } : votre bon d'achat de { $amount }, valable jusqu'au { $expires }. Ouvrez-le ici : { $link } Au-dessus de { $threshold }, il faut le PIN { $pin } : ne le dites à personne, tapez-le à la caisse.
sms-purchase = Achat de { $amount } chez { $shop }. Reste { $balance }.
sms-reversal = { $shop } vous a rendu { $amount }. Reste { $balance }.

## Every page
site-name = Buono
site-brand = Bons d'achat numériques
site-skip = Aller au contenu
site-language = Français
site-languages = Langue
site-accessibility = Déclaration d'accessibilité
site-big-type = Grands caractères
site-normal-type = Caractères normaux
home-title = Bons d'achat de la commune
home-text = Qui êtes-vous ?
home-citizen = J'ai un bon
home-citizen-text = Je vois ce qui reste, le code à montrer et les magasins.
home-shop = Je suis un magasin
home-shop-text = J'encaisse les bons et je vois mes opérations.
home-office = Je travaille à la mairie
home-office-text = J'envoie les listes et je suis les bons, les magasins et les messages.
accessibility-title = Déclaration d'accessibilité
accessibility-aim = Nous voulons que tout le monde puisse utiliser ces pages, avec n'importe quel téléphone et sans aide. Nous suivons les WCAG 2.2, niveau AA.
accessibility-works = Ce qui fonctionne
accessibility-works-phone = Les pages tiennent sur un écran large de 320 points et se lisent avec un lecteur d'écran.
accessibility-works-keyboard = Tout peut se faire au clavier, et l'on voit toujours où l'on est.
accessibility-works-zoom = Les lettres peuvent être agrandies jusqu'à 200 % sans rien perdre.
accessibility-works-script = La page du bon fonctionne aussi sans JavaScript, en tapant le code.
accessibility-works-paper = Si vous n'avez pas de téléphone, utilisez le bon imprimé.
accessibility-works-languages = La page du bon existe en huit langues. Elles n'ont pas toutes été relues par une personne dont c'est la langue maternelle.
accessibility-limits = Ce qui manque encore
accessibility-limits-text = La page du magasin et celle de la mairie ont besoin de JavaScript.
accessibility-report = Quelque chose ne fonctionne pas ?
accessibility-report-text = Appelez ou écrivez à la mairie : le numéro et l'adresse sont sur la page et sur la feuille du bon. Nous vous aidons et nous corrigeons la page.
accessibility-authority-text = Si vous n'avez pas de réponse dans les trente jours, vous pouvez écrire au « Difensore civico per il digitale », auprès de l'AgID.
accessibility-formal = La déclaration de la mairie
accessibility-formal-text = La déclaration officielle selon le modèle de l'AgID est publiée par la mairie sur son propre site.
accessibility-formal-link = Lire la déclaration de la mairie
accessibility-written = Écrit par la mairie le { $day }.
accessibility-towns = La déclaration de chaque mairie
trouble-again = Réessayer
trouble-ours-title = Cela n'a pas fonctionné
trouble-ours-text = La panne vient de nous, pas de vous. Réessayez dans un instant. Votre solde ne change pas.

## The voucher's page
door-title = Ouvrir votre bon
door-opening = Ouverture du bon…
door-not-found = Ce code n'ouvre aucun bon. Vérifiez-le, ou appelez la mairie.
door-offline = Pas de réseau : un nouvel essai se fait tout seul. Pas besoin de recharger la page.
door-over = La page s'est fermée pour protéger votre bon.
door-over-text = Cela arrive après 30 minutes sans l'utiliser. Le bon est toujours à vous : rouvrez le lien du message ou tapez de nouveau le code.
door-code = Code du bon
door-code-help = Il est sur la feuille et sous le code QR. Espaces, tirets et majuscules ne comptent pas.
door-pin = PIN du bon
door-pin-help = Il est dans le message de la mairie. Avec le lien, il n'est pas demandé.
door-pin-wrong = Ce PIN n'est pas le bon. Vérifiez-le, ou appelez la mairie.
door-open = Ouvrir le bon
door-no-script = Le lien ne s'ouvre pas tout seul ?
door-no-script-text = Ce téléphone n'exécute pas JavaScript. Copiez dans le champ ci-dessus tout le lien du message, ou les caractères après le signe #, puis touchez « Ouvrir le bon ».
page-title = Votre bon d'achat
page-balance = Vous pouvez dépenser
page-on-voucher = Sur le bon il y a
page-of-total = sur { $total } reçus
page-held = { $held } sont réservés par un magasin
page-balance-at = Solde du { $at }
page-valid-until = Valable jusqu'au { $day } inclus
page-why-not-yet-valid = Vous pouvez le dépenser à partir du { $day }.
page-why-suspended = La mairie a suspendu le programme : pour l'instant, les magasins ne peuvent pas accepter le bon.
page-why-expired = Il était valable jusqu'au { $day } : il ne peut plus être dépensé.
page-why-blocked = Personne ne peut l'utiliser. Pour le débloquer, appelez la mairie :
page-why-closed = Pour savoir pourquoi, appelez la mairie :
page-why-reissued = La mairie vous a donné un nouveau code : utilisez le dernier message ou la nouvelle feuille. L'ancien code ne vaut plus rien. Si vous ne les trouvez pas, appelez :
page-live = Se met à jour tout seul
page-offline = Pas de réseau : le solde est peut-être ancien
page-offline-since = C'est le solde du { $at }. Un nouvel essai se fait tout seul.
page-show-code = Montrez ce code à la caisse
page-qr-alt = Code QR du bon : la caisse le lit
page-or-say = Ou dites ce code :
page-code-changes = Ce code QR change chaque minute : montrez-le en direct. Une ancienne photo ne sert à rien.
page-code-typed = La caisse ne lit pas le code QR ? Voir le code à dire
page-refresh = Actualiser
page-print = Imprimer la feuille
page-print-card = Imprimer la carte
page-pdf = Télécharger la feuille en PDF
page-pdf-card = Télécharger la carte en PDF
page-sheet-note = Cette feuille ne se met pas à jour : c'est la caisse qui vérifie le vrai solde.
page-contents = Sur cette page
page-movements = Mouvements
page-no-movements = Aucun mouvement pour l'instant.
page-left = reste { $balance }
page-shops = Où le dépenser
page-shops-count = { $count ->
    [one] Un magasin accepte ce bon.
   *[other] { $count } magasins acceptent ce bon.
}
page-shops-filter = Chercher un magasin, une rue ou un produit
page-shops-found = Magasins trouvés :
page-shops-category = Type de magasin
page-shops-all = Tous les types
page-shops-near = Les plus proches d'abord
page-shops-locating = Recherche de votre position…
page-shops-no-place = Le téléphone ne dit pas où vous êtes. Les magasins restent par ordre alphabétique.
page-shops-away = à { $distance } km
page-shops-map = Ouvrir sur la carte
page-rules = Règles
page-help = Aide
page-help-text = Appelez ou écrivez à la mairie :
page-block-title = Vous avez perdu le bon ?
page-block-text = Si vous le bloquez, plus personne ne peut l'utiliser, même pas vous. L'argent reste à vous, mais seule la mairie peut débloquer le bon ou en donner un nouveau.
page-block-confirm = Oui, je veux le bloquer maintenant
page-block = Bloquer le bon
page-keep-title = Le retrouver vite
page-keep-text = Si vous voulez, ce téléphone garde le bon ouvert et ne demande plus le code. Faites-le seulement si le téléphone est à vous.
page-keep = Garder sur ce téléphone
page-kept = Ce téléphone garde le bon ouvert.
page-kept-text = Pour avoir une icône : dans le menu du navigateur, choisissez « Ajouter à l'écran d'accueil ». Sur iPhone : touchez Partager, puis « Sur l'écran d'accueil » ; s'il propose de l'ouvrir comme app web, désactivez-le.
page-forget = Ne plus le garder

## Names of things
status-active = Actif
status-blocked = Bloqué
status-expired = Expiré
status-closed = Fermé par la mairie
status-not-yet-valid = Pas encore valable
status-reissued = Code remplacé
status-suspended = Programme suspendu
kind-issue = Bon reçu
kind-top-up = Recharge
kind-redemption = Achat
kind-capture = Achat
kind-reversal = Remboursement
kind-expire = Expiration
kind-close = Fermeture

# Papier : le bon imprimé
paper-voucher = Bon d'achat alimentaire
paper-balance-at = Solde du { $at }
paper-until = À dépenser jusqu'au { $day } inclus
paper-code = Code à dire à la caisse
paper-qr-alt = Code QR du bon : la caisse le lit
paper-not-updated = Cette feuille ne se met pas à jour : la caisse connaît le vrai solde.
paper-card-how = Découpez le long des tirets et pliez au milieu.
paper-how = Comment l'utiliser
paper-how-1 = Allez dans un des magasins de cette liste.
paper-how-2 = À la caisse, montrez le code QR ou dites le code écrit à côté.
paper-how-3 = Vous pouvez ne dépenser qu'une partie : le reste demeure sur le bon.
paper-rules = Règles
paper-help = Aide
paper-shops = Où le dépenser
