# خطافات الويب الصادرة: ما يحدث في غرفة، مُرسَلًا إلى عنوان URL.
webhooks = خطافات الويب الصادرة
webhooks-of = خطافات الويب الصادرة من { $name }
webhooks-about = يرسل خطاف الويب الصادر ما يحدث في هذه الغرفة إلى عنوان URL لبرنامج.
webhooks-manage = إدارة خطافات الويب الصادرة
webhooks-off = لا توجد في هذه الدردشة خطافات ويب صادرة. اطلب ممن يشغّلها تفعيلها.
webhooks-owners-only = لا ينشئ خطافات الويب الصادرة ولا يغيّرها إلا مالكو الغرفة، لأنها ترسل رسائلها. يمكن للمشرفين تعطيلها وحذفها.
webhooks-none = لا يرسل أي خطاف ويب ما يحدث هنا بعد.
webhooks-new = خطاف ويب صادر جديد
webhooks-url = عنوان URL للمستقبِل
webhooks-url-hint = يبدأ بـ https://‎ ويقود إلى عنوان عام.
webhooks-url-bad = أدخل عنوان URL يبدأ بـ https://‎ ويقود إلى عنوان عام.
webhooks-events = ما يرسله
webhooks-event-created = الرسائل الجديدة
webhooks-event-edited = الرسائل المعدَّلة
webhooks-event-deleted = الرسائل المحذوفة
webhooks-event-reacted = التفاعلات
webhooks-events-missing = اختر ما يرسله خطاف الويب.
webhooks-too-many = للغرفة 20 خطاف ويب صادرًا على الأكثر. احذف خطافًا لم يعد مستخدمًا.
webhooks-create = إنشاء
webhooks-secret = أدخل هذا السر في المستقبِل ليتحقق به من التوقيعات. يُعرض مرة واحدة فقط.
webhooks-by = أنشأه { $name }
webhooks-working = مفعَّل
webhooks-failing = فشل آخر تسليم. الفشل مستمر منذ
webhooks-next = المحاولة التالية
webhooks-disabled-person = معطَّل
webhooks-disabled-gone = معطَّل لأن المستقبِل أجاب بأنه لم يعد موجودًا (410)
webhooks-disabled-failing = معطَّل لأن أي تسليم لم ينجح طوال ثلاثة أيام
webhooks-disabled-key = معطَّل لأن مفتاح الدردشة استُبدل. أنشئ سرًّا جديدًا وأدخله في المستقبِل ثم فعّل خطاف الويب.
webhooks-settings = الإعدادات
webhooks-rotate = سر جديد
webhooks-disable = تعطيل
webhooks-enable = تفعيل
webhooks-enable-hint = لا يُرسَل ما حدث أثناء التعطيل.
webhooks-delete = حذف
webhooks-log = عمليات التسليم
webhooks-log-hint = آخر 100 عملية. إعادة التسليم ترسل الرسالة كما هي الآن.
webhooks-log-none = لم يُرسَل شيء بعد.
webhooks-message = الرسالة { $seq }
webhooks-waiting = قيد الانتظار
webhooks-delivered = سُلِّم
webhooks-failed = فشل
webhooks-skipped = تُخطّي: حُذفت الرسالة
webhooks-attempts = { $count ->
    [zero] بلا محاولات
    [one] محاولة واحدة
    [two] محاولتان
    [few] { $count } محاولات
    [many] { $count } محاولة
   *[other] { $count } محاولة
}
webhooks-status = الإجابة { $status }
webhooks-no-answer = لا إجابة
webhooks-redeliver = إعادة التسليم
webhooks-redeliver-named = إعادة تسليم { $event } للرسالة { $seq }
