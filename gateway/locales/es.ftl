### What citizens read, in Spanish; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.
### SMS use only letters of the GSM alphabet: no á, no í, no ó, no ú.

## Problems
problem-bad-request-title = Petición no válida
problem-bad-request-detail = Comprueba lo que has escrito y vuelve a probar.
problem-unauthorized-title = La página se ha cerrado
problem-unauthorized-detail = Abre otra vez el enlace del mensaje o escribe el código de nuevo.
problem-voucher-not-found-title = Vale no encontrado
problem-voucher-not-found-detail = Comprueba el código: quizá hay un error al escribirlo.
problem-voucher-expired-title = Vale caducado
problem-voucher-expired-detail = El vale ha caducado: ya no se puede usar. Para cualquier duda, llama al Ayuntamiento.
problem-voucher-closed-title = Vale cerrado
problem-voucher-closed-detail = El Ayuntamiento ha cerrado el vale. Para saber por qué, llama al Ayuntamiento.
problem-voucher-reissued-title = Código sustituido
problem-voucher-reissued-detail = Este código ha sido sustituido: usa el nuevo.
problem-pin-required-title = Hace falta el PIN
problem-pin-required-detail = Hace falta el PIN del vale.
problem-pin-wrong-title = PIN incorrecto
problem-pin-wrong-detail = El PIN no es correcto.
problem-too-many-requests-title = Demasiados intentos
problem-too-many-requests-detail = Espera un momento y vuelve a probar.

## Messages
sms-voucher-link = { $municipality }: tu vale de compra de { $amount }, hasta el { $expires }. Para abrirlo: { $link }
sms-voucher-link-pin = { $municipality }: tu vale de compra de { $amount }, hasta el { $expires }. Para abrirlo: { $link } Si pasa de { $threshold } hace falta el PIN { $pin }: no se lo digas a nadie, lo escribes en la caja.
sms-purchase = Has gastado { $amount } en { $shop }. Quedan { $balance }.
sms-reversal = { $shop } te ha devuelto { $amount }. Quedan { $balance }.

## Every page
site-name = Buono
site-brand = Vales de compra digitales
site-skip = Ir al contenido
site-language = Español
site-languages = Idioma
site-accessibility = Declaración de accesibilidad
site-big-type = Letra grande
site-normal-type = Letra normal
home-title = Vales de compra del Ayuntamiento
home-text = ¿Quién eres?
home-citizen = Tengo un vale
home-citizen-text = Veo cuánto queda, el código para enseñar y las tiendas.
home-shop = Soy una tienda
home-shop-text = Cobro los vales y veo mis operaciones.
home-office = Trabajo en el Ayuntamiento
home-office-text = Subo las listas y sigo los vales, las tiendas y los mensajes.
accessibility-title = Declaración de accesibilidad
accessibility-aim = Queremos que todas las personas puedan usar estas páginas, con cualquier teléfono y sin ayuda. Seguimos las WCAG 2.2, nivel AA.
accessibility-works = Qué funciona
accessibility-works-phone = Las páginas caben en una pantalla de 320 puntos de ancho y se leen con un lector de pantalla.
accessibility-works-keyboard = Todo se puede hacer solo con el teclado, y siempre se ve dónde estás.
accessibility-works-zoom = La letra se puede ampliar hasta el 200 % sin perder nada.
accessibility-works-script = La página del vale también funciona sin JavaScript, escribiendo el código.
accessibility-works-paper = Quien no tiene teléfono usa el vale impreso.
accessibility-works-languages = La página del vale está en ocho idiomas. No todos han sido revisados por una persona nativa.
accessibility-limits = Qué falta todavía
accessibility-limits-text = La página de la tienda y la del Ayuntamiento necesitan JavaScript.
accessibility-report = ¿Algo no funciona?
accessibility-report-text = Llama o escribe al Ayuntamiento: el número y la dirección están en la página y en la hoja del vale. Te ayudamos y corregimos la página.
accessibility-authority-text = Si en treinta días no tienes respuesta, puedes dirigirte al «Difensore civico per il digitale», en la AgID.
accessibility-formal = La declaración del Ayuntamiento
accessibility-formal-text = El Ayuntamiento publica en su propia web la declaración formal según el modelo de la AgID.
accessibility-formal-link = Leer la declaración del Ayuntamiento
accessibility-written = Escrito por el Ayuntamiento el { $day }.
accessibility-towns = La declaración de cada Ayuntamiento
trouble-again = Volver a probar
trouble-ours-title = No ha funcionado
trouble-ours-text = El fallo es nuestro, no tuyo. Vuelve a probar dentro de un momento. Tu saldo no cambia.

## The voucher's page
door-title = Abre tu vale
door-opening = Abriendo el vale…
door-not-found = Este código no abre ningún vale. Compruébalo o llama al Ayuntamiento.
door-offline = Sin red: se vuelve a probar solo. No hace falta recargar la página.
door-over = La página se ha cerrado para proteger tu vale.
door-over-text = Pasa después de 30 minutos sin usarla. El vale sigue siendo tuyo: abre otra vez el enlace del mensaje o escribe el código de nuevo.
door-code = Código del vale
door-code-help = Está en la hoja y debajo del código QR. Los espacios, guiones y mayúsculas no importan.
door-pin = PIN del vale
door-pin-help = Está en el mensaje del Ayuntamiento. Con el enlace no hace falta.
door-pin-wrong = El PIN no es correcto. Compruébalo o llama al Ayuntamiento.
door-open = Abrir el vale
door-no-script = ¿El enlace no se abre solo?
door-no-script-text = Este teléfono no ejecuta JavaScript. Copia en el campo de arriba todo el enlace del mensaje, o los caracteres después del signo #, y pulsa «Abrir el vale».
page-title = Tu vale de compra
page-balance = Puedes gastar
page-on-voucher = En el vale hay
page-of-total = de { $total } recibidos
page-held = { $held } están reservados por una tienda
page-balance-at = Saldo del { $at }
page-valid-until = Válido hasta el { $day } incluido
page-why-not-yet-valid = Lo puedes gastar desde el { $day }.
page-why-suspended = El Ayuntamiento ha suspendido el programa: por ahora las tiendas no pueden aceptar el vale.
page-why-expired = Valía hasta el { $day }: ya no se puede gastar.
page-why-blocked = Nadie puede usarlo. Para desbloquearlo llama al Ayuntamiento:
page-why-closed = Para saber por qué, llama al Ayuntamiento:
page-why-reissued = El Ayuntamiento te ha dado un código nuevo: usa el último mensaje o la hoja nueva. El código viejo ya no vale. Si no los encuentras, llama:
page-live = Se actualiza solo
page-offline = Sin red: el saldo puede ser antiguo
page-offline-since = Este es el saldo del { $at }. Se vuelve a probar solo.
page-show-code = Enseña este código en la caja
page-qr-alt = Código QR del vale: lo lee la caja
page-or-say = O di este código:
page-code-changes = Este código QR cambia cada minuto: enséñalo en directo. Una foto vieja no vale.
page-code-typed = ¿La caja no lee el código QR? Ver el código para decir
page-refresh = Actualizar
page-print = Imprimir la hoja
page-print-card = Imprimir la tarjeta
page-pdf = Descargar la hoja en PDF
page-pdf-card = Descargar la tarjeta en PDF
page-sheet-note = Esta hoja no se actualiza: el saldo verdadero lo comprueba la caja.
page-contents = En esta página
page-movements = Movimientos
page-no-movements = Todavía no hay movimientos.
page-left = quedan { $balance }
page-shops = Dónde puedes gastarlo
page-shops-count = { $count ->
    [one] Lo acepta una tienda.
   *[other] Lo aceptan { $count } tiendas.
}
page-shops-filter = Busca una tienda, una calle o qué vende
page-shops-found = Tiendas encontradas:
page-shops-category = Tipo de tienda
page-shops-all = Todos los tipos
page-shops-near = Primero las más cercanas
page-shops-locating = Buscando dónde estás…
page-shops-no-place = El teléfono no dice dónde estás. Las tiendas siguen por orden alfabético.
page-shops-away = a { $distance } km
page-shops-map = Abrir en el mapa
page-rules = Reglas
page-help = Ayuda
page-help-text = Llama o escribe al Ayuntamiento:
page-block-title = ¿Has perdido el vale?
page-block-text = Si lo bloqueas, nadie puede usarlo, tampoco tú. El saldo sigue siendo tuyo, pero solo el Ayuntamiento puede desbloquear el vale o darte uno nuevo.
page-block-confirm = Sí, quiero bloquearlo ahora
page-block = Bloquear el vale
page-keep-title = Encontrarlo enseguida
page-keep-text = Si quieres, este teléfono mantiene abierto el vale y no pide más el código. Hazlo solo si el teléfono es tuyo.
page-keep = Recordar en este teléfono
page-kept = Este teléfono mantiene abierto el vale.
page-kept-text = Para tener un icono: en el menú del navegador elige «Añadir a pantalla de inicio». En un iPhone: toca Compartir y luego «Añadir a pantalla de inicio»; si te propone abrirlo como app web, desactívalo.
page-forget = No recordarlo más

## Names of things
status-active = Activo
status-blocked = Bloqueado
status-expired = Caducado
status-closed = Cerrado por el Ayuntamiento
status-not-yet-valid = Todavía no es válido
status-reissued = Código sustituido
status-suspended = Programa suspendido
kind-issue = Vale recibido
kind-top-up = Recarga
kind-redemption = Compra
kind-capture = Compra
kind-reversal = Devolución
kind-expire = Caducidad
kind-close = Cierre

# Papel: el vale impreso
paper-voucher = Vale de compra de alimentos
paper-balance-at = Saldo del { $at }
paper-until = Se puede gastar hasta el { $day } incluido
paper-code = Código para decir en la caja
paper-qr-alt = Código QR del vale: lo lee la caja
paper-not-updated = Esta hoja no se actualiza sola: el saldo verdadero lo sabe la caja.
paper-card-how = Recorta por las rayas y dobla por la mitad.
paper-how = Cómo se usa
paper-how-1 = Ve a una de las tiendas de esta lista.
paper-how-2 = En la caja enseña el código QR o di el código escrito al lado.
paper-how-3 = Puedes gastar solo una parte: el resto se queda en el vale.
paper-rules = Reglas
paper-help = Ayuda
paper-shops = Dónde puedes gastarlo
