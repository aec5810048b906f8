# ما الذي لم ينجح: عنوان وجملة لكل حالة.
error-not-found-heading = الصفحة غير موجودة
error-not-found = هذه الصفحة غير موجودة، أو لا يمكنك الوصول إليها.
error-signed-out-heading = تم تسجيل خروجك
error-signed-out = سجّل الدخول للمتابعة.
error-bad-request-heading = لم ينجح ذلك
error-bad-request = تعذّرت معالجة الطلب. ارجع وأعد تحميل الصفحة ثم حاول مرة أخرى.
error-cross-origin-heading = حُظر الطلب
error-cross-origin = جاء هذا الطلب من موقع آخر. افتح الدردشة نفسها وحاول من هناك.
error-too-large-heading = أكبر من اللازم
error-too-large = هذا أكثر مما تقبله الدردشة دفعة واحدة. أرسله على أجزاء.
error-registration-closed-heading = التسجيل مغلق
error-registration-closed = لا يمكن إنشاء حسابات جديدة هنا. تواصل مع أحد مشرفي هذه الدردشة.
error-invite-needed-heading = بدعوة فقط
error-invite-needed = تحتاج إلى دعوة لإنشاء حساب. اطلب رابطًا من أحد مشرفي هذه الدردشة.
error-link-spent-heading = لم يعد هذا الرابط صالحًا
error-link-spent = انتهت صلاحيته أو استُنفد أو أُلغي. اطلب رابطًا جديدًا.
error-too-many-attempts-heading = محاولات كثيرة
error-too-many-attempts = { $seconds ->
    [zero] جرت محاولات كثيرة. حاول مرة أخرى الآن.
    [one] جرت محاولات كثيرة. حاول مرة أخرى بعد ثانية واحدة.
    [two] جرت محاولات كثيرة. حاول مرة أخرى بعد ثانيتين.
    [few] جرت محاولات كثيرة. حاول مرة أخرى بعد { $seconds } ثوانٍ.
    [many] جرت محاولات كثيرة. حاول مرة أخرى بعد { $seconds } ثانية.
   *[other] جرت محاولات كثيرة. حاول مرة أخرى بعد { $seconds } ثانية.
}
error-busy-heading = ازدحام شديد
error-busy = كثيرون يسجّلون الدخول الآن. حاول مرة أخرى بعد بضع ثوانٍ.
error-writer-busy-heading = ازدحام شديد
error-writer-busy = لم تُرسل الرسالة بعد: الدردشة مزدحمة جدًا. يمكنك إرسالها مرة أخرى بأمان.
error-not-sent-yet-heading = لم تُرسل بعد
error-not-sent-yet = لم تُرسل الرسالة بعد: الدردشة لا تصل إلى قاعدة بياناتها. يمكنك إرسالها مرة أخرى بأمان.
error-database-away-heading = سنعود بعد لحظات
error-database-away = لا تصل الدردشة إلى قاعدة بياناتها الآن. لم يضع شيء. حاول مرة أخرى بعد بضع ثوانٍ.
error-timed-out-heading = استغرق ذلك وقتًا طويلًا
error-timed-out = لم تُجب الدردشة في الوقت المناسب. حاول مرة أخرى بعد بضع ثوانٍ.
error-internal-heading = حدث عطل
error-internal = هذا خطأ في الدردشة وليس منك. سُجّل في السجل؛ حاول لاحقًا.
error-reference = الرقم المرجعي:
error-go-home = إلى { $title }
error-forbidden-heading = غير مسموح
error-forbidden = لا يحق هذا إلا للمالكين.
error-proof-needed-heading = كلمة المرور مطلوبة
error-proof-needed = أدخل كلمة المرور مرة أخرى أولًا: افتح ‎/confirm.
error-second-factor-needed-heading = العامل الثاني مطلوب
error-second-factor-needed = أعدّ عاملًا ثانيًا أولًا: افتح ‎/account/second-factor.
error-blocked-heading = لم تُرسل
error-blocked = هذا الشخص لا يستقبل رسائل منك.
error-no-attachment-heading = لم تُرسل
error-no-attachment = لم يعد أحد ملفات هذه الرسالة موجودًا. أرفقه من جديد.
message-empty = اكتب رسالة أولًا.
message-too-long = عدد أحرف هذه الرسالة { $length }، والحد المسموح به { $limit }. أرسلها على أجزاء أو كملف.
message-control-characters = تحتوي هذه الرسالة على محارف تحكم لا يمكن إرسالها. الصقها كنص عادي.
