### What citizens read, in Ukrainian; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.

## Problems
problem-bad-request-title = Неправильний запит
problem-bad-request-detail = Перевірте, що ви написали, і спробуйте ще раз.
problem-unauthorized-title = Сторінку закрито
problem-unauthorized-detail = Знову відкрийте посилання з повідомлення або введіть код.
problem-voucher-not-found-title = Ваучер не знайдено
problem-voucher-not-found-detail = Перевірте код: можливо, у ньому помилка.
problem-voucher-expired-title = Термін ваучера минув
problem-voucher-expired-detail = Термін дії ваучера минув: використати його вже не можна. Якщо є запитання, зателефонуйте до муніципалітету.
problem-voucher-closed-title = Ваучер закрито
problem-voucher-closed-detail = Муніципалітет закрив ваучер. Щоб дізнатися чому, зателефонуйте до муніципалітету.
problem-voucher-reissued-title = Код замінено
problem-voucher-reissued-detail = Цей код замінено: користуйтеся новим.
problem-pin-required-title = Потрібен PIN
problem-pin-required-detail = Потрібен PIN ваучера.
problem-pin-wrong-title = Неправильний PIN
problem-pin-wrong-detail = PIN неправильний.
problem-too-many-requests-title = Забагато спроб
problem-too-many-requests-detail = Зачекайте трохи й спробуйте ще раз.

## Messages
sms-voucher-link = { $municipality }: ваш ваучер на { $amount }, до { $expires }. Відкрити: { $link }
sms-voucher-link-pin = { $municipality }: ваш ваучер на { $amount }, до { $expires }. Відкрити: { $link } Понад { $threshold } потрібен PIN { $pin }: нікому не кажіть, введіть його самі на касі.
sms-purchase = Витрачено { $amount }, { $shop }. Залишок { $balance }.
sms-reversal = Повернено { $amount }, { $shop }. Залишок { $balance }.

## Every page
site-name = Buono
site-brand = Цифрові ваучери на покупки
site-skip = Перейти до змісту
site-language = Українська
site-languages = Мова
site-accessibility = Заява про доступність
site-big-type = Великі літери
site-normal-type = Звичайні літери
home-title = Ваучери на покупки від муніципалітету
home-text = Хто ви?
home-citizen = У мене є ваучер
home-citizen-text = Бачу, скільки залишилося, код для показу та магазини.
home-shop = Я магазин
home-shop-text = Приймаю ваучери й бачу свої операції.
home-office = Працюю в муніципалітеті
home-office-text = Завантажую списки та стежу за ваучерами, магазинами й повідомленнями.
accessibility-title = Заява про доступність
accessibility-aim = Ми хочемо, щоб кожен міг користуватися цими сторінками з будь-якого телефону й без допомоги. Ми дотримуємося WCAG 2.2, рівень AA.
accessibility-works = Що працює
accessibility-works-phone = Сторінки вміщуються на екрані завширшки 320 точок і читаються програмою екранного читання.
accessibility-works-keyboard = Усе можна зробити лише з клавіатури, і завжди видно, де ви є.
accessibility-works-zoom = Літери можна збільшити до 200 % без жодних втрат.
accessibility-works-script = Сторінка ваучера працює й без JavaScript, якщо ввести код.
accessibility-works-paper = Хто не має телефону, користується надрукованим ваучером.
accessibility-works-languages = Сторінка ваучера є вісьмома мовами. Не всі вони перевірені носіями мови.
accessibility-limits = Чого ще бракує
accessibility-limits-text = Сторінкам магазину й муніципалітету потрібен JavaScript.
accessibility-report = Щось не працює?
accessibility-report-text = Зателефонуйте або напишіть до муніципалітету: номер і адреса є на сторінці та на аркуші ваучера. Ми допоможемо й виправимо сторінку.
accessibility-authority-text = Якщо за тридцять днів відповіді немає, можна звернутися до «Difensore civico per il digitale» при AgID.
accessibility-formal = Заява муніципалітету
accessibility-formal-text = Офіційну заяву за зразком AgID муніципалітет публікує на своєму сайті.
accessibility-formal-link = Прочитати заяву муніципалітету
accessibility-written = Написано муніципалітетом { $day }.
accessibility-towns = Заява кожного муніципалітету
trouble-again = Спробувати ще раз
trouble-ours-title = Не вдалося
trouble-ours-text = Це наша помилка, не ваша. Спробуйте ще раз трохи згодом. Ваш залишок не змінюється.

## The voucher's page
door-title = Відкрийте свій ваучер
door-opening = Відкриваємо ваучер…
door-not-found = Цей код не відкриває жодного ваучера. Перевірте його або зателефонуйте до муніципалітету.
door-offline = Немає мережі: спроба повториться сама. Оновлювати сторінку не треба.
door-over = Сторінку закрито, щоб захистити ваш ваучер.
door-over-text = Так буває після 30 хвилин без використання. Ваучер і далі ваш: знову відкрийте посилання з повідомлення або введіть код.
door-code = Код ваучера
door-code-help = Він на аркуші та під QR-кодом. Пробіли, дефіси й великі літери не мають значення.
door-pin = PIN ваучера
door-pin-help = Він у повідомленні від муніципалітету. З посиланням він не потрібен.
door-pin-wrong = PIN неправильний. Перевірте його або зателефонуйте до муніципалітету.
door-open = Відкрити ваучер
door-no-script = Посилання не відкривається само?
door-no-script-text = Цей телефон не виконує JavaScript. Скопіюйте в поле вище все посилання з повідомлення або символи після знака # і натисніть «Відкрити ваучер».
page-title = Ваш ваучер на покупки
page-balance = Ви можете витратити
page-on-voucher = На ваучері є
page-of-total = з отриманих { $total }
page-held = { $held } зарезервував магазин
page-balance-at = Залишок на { $at }
page-valid-until = Дійсний до { $day } включно
page-why-not-yet-valid = Його можна витрачати з { $day }.
page-why-suspended = Муніципалітет призупинив програму: поки що магазини не можуть прийняти ваучер.
page-why-expired = Він був дійсний до { $day }: витратити його вже не можна.
page-why-blocked = Ніхто не може ним скористатися. Щоб розблокувати, зателефонуйте до муніципалітету:
page-why-closed = Щоб дізнатися чому, зателефонуйте до муніципалітету:
page-why-reissued = Муніципалітет дав вам новий код: скористайтеся останнім повідомленням або новим аркушем. Старий код більше не діє. Якщо не можете їх знайти, телефонуйте:
page-live = Оновлюється саме
page-offline = Немає мережі: залишок може бути старим
page-offline-since = Це залишок на { $at }. Спроба повториться сама.
page-show-code = Покажіть цей код на касі
page-qr-alt = QR-код ваучера: його зчитує каса
page-or-say = Або назвіть цей код:
page-code-changes = Цей QR-код змінюється щохвилини: показуйте його прямо з телефону. Старе фото не діє.
page-code-typed = Каса не зчитує QR-код? Показати код, щоб його назвати
page-refresh = Оновити
page-print = Надрукувати аркуш
page-print-card = Надрукувати картку
page-pdf = Завантажити аркуш у PDF
page-pdf-card = Завантажити картку у PDF
page-sheet-note = Цей аркуш не оновлюється: справжній залишок перевіряє каса.
page-contents = На цій сторінці
page-movements = Рух коштів
page-no-movements = Поки що нічого не було.
page-left = залишилося { $balance }
page-shops = Де його можна витратити
page-shops-count = { $count ->
    [one] Його приймає { $count } магазин.
    [few] Його приймають { $count } магазини.
    [many] Його приймають { $count } магазинів.
   *[other] Його приймають { $count } магазину.
}
page-shops-filter = Знайти магазин, вулицю або товар
page-shops-found = Знайдено магазинів:
page-shops-category = Тип магазину
page-shops-all = Усі типи
page-shops-near = Спочатку найближчі
page-shops-locating = Шукаємо, де ви…
page-shops-no-place = Телефон не каже, де ви. Магазини залишаються за абеткою.
page-shops-away = за { $distance } км
page-shops-map = Відкрити на карті
page-rules = Правила
page-help = Допомога
page-help-text = Зателефонуйте або напишіть до муніципалітету:
page-block-title = Загубили ваучер?
page-block-text = Якщо ви його заблокуєте, ніхто не зможе ним скористатися, навіть ви. Гроші залишаться вашими, але розблокувати ваучер або дати новий може лише муніципалітет.
page-block-confirm = Так, хочу заблокувати зараз
page-block = Заблокувати ваучер
page-keep-title = Швидко знайти його
page-keep-text = Якщо хочете, цей телефон триматиме ваучер відкритим і більше не питатиме код. Робіть це, лише якщо телефон ваш.
page-keep = Запам'ятати на цьому телефоні
page-kept = Цей телефон тримає ваучер відкритим.
page-kept-text = Щоб мати значок: у меню браузера виберіть «Додати на головний екран». На iPhone: торкніться «Поширити», потім «На початковий екран»; якщо є «Відкривати як вебпрограму», вимкніть це.
page-forget = Більше не пам'ятати

## Names of things
status-active = Дійсний
status-blocked = Заблокований
status-expired = Термін минув
status-closed = Закрив муніципалітет
status-not-yet-valid = Ще не діє
status-reissued = Код замінено
status-suspended = Програму призупинено
kind-issue = Ваучер отримано
kind-top-up = Поповнення
kind-redemption = Покупка
kind-capture = Покупка
kind-reversal = Повернення
kind-expire = Термін минув
kind-close = Закриття

# Папір: надрукований ваучер
paper-voucher = Ваучер на харчові продукти
paper-balance-at = Залишок на { $at }
paper-until = Можна витратити до { $day } включно
paper-code = Код, який треба назвати на касі
paper-qr-alt = QR-код ваучера: його зчитує каса
paper-not-updated = Цей аркуш не оновлюється сам: справжній залишок знає каса.
paper-card-how = Виріжте по пунктиру й зігніть посередині.
paper-how = Як користуватися
paper-how-1 = Ідіть до одного з магазинів із цього списку.
paper-how-2 = На касі покажіть QR-код або назвіть код, написаний поруч.
paper-how-3 = Можна витратити лише частину: решта залишиться на ваучері.
paper-rules = Правила
paper-help = Допомога
paper-shops = Де його можна витратити
