### What citizens read, in Arabic; the keys are those of it.ftl.
### Reviewer's note: not checked by a native speaker.

## Problems
problem-bad-request-title = طلب غير صالح
problem-bad-request-detail = تأكد مما كتبته وحاول مرة أخرى.
problem-unauthorized-title = أُغلقت الصفحة
problem-unauthorized-detail = افتح رابط الرسالة من جديد أو اكتب الرمز مرة أخرى.
problem-voucher-not-found-title = لم نجد القسيمة
problem-voucher-not-found-detail = تأكد من الرمز: ربما فيه خطأ في الكتابة.
problem-voucher-expired-title = قسيمة منتهية
problem-voucher-expired-detail = انتهت صلاحية القسيمة ولم يعد ممكناً استعمالها. لأي سؤال اتصل بالبلدية.
problem-voucher-closed-title = قسيمة مغلقة
problem-voucher-closed-detail = أغلقت البلدية القسيمة. لمعرفة السبب اتصل بالبلدية.
problem-voucher-reissued-title = تم استبدال الرمز
problem-voucher-reissued-detail = تم استبدال هذا الرمز: استعمل الرمز الجديد.
problem-pin-required-title = يلزم رقم PIN
problem-pin-required-detail = يلزم رقم PIN للقسيمة.
problem-pin-wrong-title = رقم PIN خاطئ
problem-pin-wrong-detail = رقم PIN غير صحيح.
problem-too-many-requests-title = محاولات كثيرة
problem-too-many-requests-detail = انتظر قليلاً وحاول مرة أخرى.

## Messages
sms-voucher-link = { $municipality }: قسيمة شراء بقيمة { $amount } صالحة حتى { $expires }. افتحها هنا: { $link }
sms-voucher-link-pin = { $municipality }: قسيمة شراء بقيمة { $amount } صالحة حتى { $expires }. افتحها هنا: { $link } فوق { $threshold } يلزم رقم PIN { $pin }: لا تقله لأحد، اكتبه بنفسك عند الصندوق.
sms-purchase = صرفت { $amount } عند { $shop }. الباقي { $balance }.
sms-reversal = أرجع لك { $shop } مبلغ { $amount }. الباقي { $balance }.

## Every page
site-name = Buono
site-brand = قسائم الشراء الرقمية
site-skip = انتقل إلى المحتوى
site-language = العربية
site-languages = اللغة
site-accessibility = بيان إمكانية الوصول
site-big-type = خط كبير
site-normal-type = خط عادي
home-title = قسائم الشراء من البلدية
home-text = من أنت؟
home-citizen = عندي قسيمة
home-citizen-text = أرى المبلغ الباقي والرمز الذي أعرضه والمتاجر.
home-shop = أنا متجر
home-shop-text = أقبل القسائم وأرى عملياتي.
home-office = أعمل في البلدية
home-office-text = أرفع القوائم وأتابع القسائم والمتاجر والرسائل.
accessibility-title = بيان إمكانية الوصول
accessibility-aim = نريد أن يستطيع كل شخص استعمال هذه الصفحات، بأي هاتف وبدون مساعدة. نتبع معيار WCAG 2.2، المستوى AA.
accessibility-works = ما الذي يعمل
accessibility-works-phone = تتسع الصفحات لشاشة عرضها 320 نقطة وتُقرأ بقارئ الشاشة.
accessibility-works-keyboard = يمكن فعل كل شيء بلوحة المفاتيح وحدها، ويظهر دائماً مكانك.
accessibility-works-zoom = يمكن تكبير الخط حتى 200 % بدون فقدان أي شيء.
accessibility-works-script = صفحة القسيمة تعمل أيضاً بدون JavaScript، بكتابة الرمز.
accessibility-works-paper = من ليس عنده هاتف يستعمل القسيمة المطبوعة.
accessibility-works-languages = صفحة القسيمة متوفرة بثماني لغات، ولم يراجعها كلها متحدثون أصليون.
accessibility-limits = ما الذي ينقص بعد
accessibility-limits-text = صفحة المتجر وصفحة البلدية تحتاجان إلى JavaScript.
accessibility-report = هل هناك شيء لا يعمل؟
accessibility-report-text = اتصل بالبلدية أو اكتب إليها: الرقم والعنوان موجودان على صفحة القسيمة وعلى ورقتها. سنساعدك ونصلح الصفحة.
accessibility-authority-text = إذا لم يصلك جواب خلال ثلاثين يوماً، يمكنك مراسلة «Difensore civico per il digitale» لدى AgID.
accessibility-formal = بيان البلدية
accessibility-formal-text = تنشر البلدية البيان الرسمي حسب نموذج AgID على موقعها.
accessibility-formal-link = اقرأ بيان البلدية
accessibility-written = كتبته البلدية بتاريخ { $day }.
accessibility-towns = بيان كل بلدية
trouble-again = حاول مرة أخرى
trouble-ours-title = لم تنجح العملية
trouble-ours-text = الخطأ منا وليس منك. حاول مرة أخرى بعد قليل. رصيدك لا يتغير.

## The voucher's page
door-title = افتح قسيمتك
door-opening = جارٍ فتح القسيمة…
door-not-found = هذا الرمز لا يفتح أي قسيمة. تأكد منه، أو اتصل بالبلدية.
door-offline = لا توجد شبكة: ستتم المحاولة تلقائياً. لا حاجة لإعادة تحميل الصفحة.
door-over = أُغلقت الصفحة لحماية قسيمتك.
door-over-text = يحدث هذا بعد 30 دقيقة بدون استعمال. القسيمة ما زالت لك: افتح رابط الرسالة من جديد أو اكتب الرمز مرة أخرى.
door-code = رمز القسيمة
door-code-help = تجده على الورقة وتحت رمز QR. المسافات والشرطات والحروف الكبيرة لا تهم.
door-pin = رقم PIN للقسيمة
door-pin-help = تجده في رسالة البلدية. مع الرابط لا حاجة إليه.
door-pin-wrong = رقم PIN غير صحيح. تأكد منه، أو اتصل بالبلدية.
door-open = افتح القسيمة
door-no-script = الرابط لا يفتح وحده؟
door-no-script-text = هذا الهاتف لا يشغّل JavaScript. انسخ في الخانة أعلاه رابط الرسالة كله، أو الأحرف التي بعد علامة #، ثم اضغط «افتح القسيمة».
page-title = قسيمة الشراء الخاصة بك
page-balance = يمكنك أن تصرف
page-on-voucher = في القسيمة
page-of-total = من أصل { $total }
page-held = { $held } محجوزة عند متجر
page-balance-at = الرصيد في { $at }
page-valid-until = صالحة حتى نهاية يوم { $day }
page-why-not-yet-valid = يمكنك صرفها ابتداءً من { $day }.
page-why-suspended = أوقفت البلدية البرنامج مؤقتاً: حالياً لا تستطيع المتاجر قبول القسيمة.
page-why-expired = كانت صالحة حتى { $day }: لم يعد ممكناً صرفها.
page-why-blocked = لا أحد يستطيع استعمالها. لإلغاء التوقيف اتصل بالبلدية:
page-why-closed = لمعرفة السبب اتصل بالبلدية:
page-why-reissued = أعطتك البلدية رمزاً جديداً: استعمل آخر رسالة أو الورقة الجديدة. الرمز القديم لم يعد صالحاً. إذا لم تجدهما، اتصل بالرقم:
page-live = تتحدث الصفحة تلقائياً
page-offline = لا توجد شبكة: قد يكون الرصيد قديماً
page-offline-since = هذا هو الرصيد في { $at }. ستتم المحاولة تلقائياً.
page-show-code = اعرض هذا الرمز عند الصندوق
page-qr-alt = رمز QR للقسيمة: يقرؤه الصندوق
page-or-say = أو قل هذا الرمز:
page-code-changes = رمز QR هذا يتغير كل دقيقة: اعرضه من الهاتف مباشرة. الصورة القديمة لا تصلح.
page-code-typed = الصندوق لا يقرأ رمز QR؟ أظهر الرمز لقوله
page-refresh = تحديث
page-print = اطبع الورقة
page-print-card = اطبع البطاقة
page-pdf = نزّل الورقة بصيغة PDF
page-pdf-card = نزّل البطاقة بصيغة PDF
page-sheet-note = هذه الورقة لا تتحدث: الرصيد الحقيقي يتحقق منه الصندوق.
page-contents = في هذه الصفحة
page-movements = الحركات
page-no-movements = لا توجد حركات بعد.
page-left = الباقي { $balance }
page-shops = أين يمكنك صرفها
page-shops-count = { $count ->
    [zero] لا يقبلها أي متجر.
    [one] يقبلها متجر واحد.
    [two] يقبلها متجران.
    [few] تقبلها { $count } متاجر.
    [many] يقبلها { $count } متجراً.
   *[other] يقبلها { $count } متجر.
}
page-shops-filter = ابحث عن متجر أو شارع أو نوع السلع
page-shops-found = عدد المتاجر:
page-shops-category = نوع المتجر
page-shops-all = كل الأنواع
page-shops-near = الأقرب أولاً
page-shops-locating = جارٍ تحديد مكانك…
page-shops-no-place = الهاتف لا يعطي مكانك. تبقى المتاجر بالترتيب الأبجدي.
page-shops-away = على بعد { $distance } كم
page-shops-map = افتح في الخريطة
page-rules = القواعد
page-help = المساعدة
page-help-text = اتصل بالبلدية أو اكتب إليها:
page-block-title = هل ضاعت القسيمة؟
page-block-text = إذا أوقفتها فلن يستطيع أحد استعمالها، ولا حتى أنت. المبلغ يبقى لك، لكن البلدية وحدها تستطيع إلغاء التوقيف أو إعطاءك قسيمة جديدة.
page-block-confirm = نعم، أريد توقيفها الآن
page-block = أوقف القسيمة
page-keep-title = للعثور عليها بسرعة
page-keep-text = إذا أردت، يُبقي هذا الهاتف القسيمة مفتوحة ولا يطلب الرمز من جديد. افعل ذلك فقط إذا كان الهاتف لك.
page-keep = تذكّرها على هذا الهاتف
page-kept = هذا الهاتف يُبقي القسيمة مفتوحة.
page-kept-text = للحصول على أيقونة: من قائمة المتصفح اختر «إضافة إلى الشاشة الرئيسية». على iPhone: اضغط «مشاركة» ثم «إضافة إلى الشاشة الرئيسية»؛ وإذا ظهر خيار فتحها كتطبيق ويب فأوقفه.
page-forget = لا تتذكّرها بعد الآن

## Names of things
status-active = صالحة
status-blocked = موقوفة
status-expired = منتهية
status-closed = أغلقتها البلدية
status-not-yet-valid = لم تبدأ صلاحيتها بعد
status-reissued = تم استبدال الرمز
status-suspended = البرنامج متوقف
kind-issue = استلام القسيمة
kind-top-up = إضافة رصيد
kind-redemption = شراء
kind-capture = شراء
kind-reversal = إرجاع
kind-expire = انتهاء الصلاحية
kind-close = إغلاق

# الورق: القسيمة المطبوعة
paper-voucher = قسيمة شراء غذائية
paper-balance-at = الرصيد في { $at }
paper-until = يمكن صرفها حتى { $day }، وهذا اليوم مشمول
paper-code = الرمز الذي يُقال عند الصندوق
paper-qr-alt = رمز QR للقسيمة: يقرؤه الصندوق
paper-not-updated = هذه الورقة لا تتحدّث من تلقاء نفسها: الرصيد الصحيح يعرفه الصندوق.
paper-card-how = قصّ على الخط المتقطع واطوِ من المنتصف.
paper-how = كيف تُستعمل
paper-how-1 = اذهب إلى أحد المتاجر في هذه القائمة.
paper-how-2 = عند الصندوق أظهر رمز QR أو قل الرمز المكتوب بجانبه.
paper-how-3 = يمكنك أن تصرف جزءاً فقط: الباقي يبقى في القسيمة.
paper-rules = القواعد
paper-help = المساعدة
paper-shops = أين يمكنك صرفها
