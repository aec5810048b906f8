# عامل ثانٍ: رمز من تطبيق مصادقة أو رمز استرداد.
second-factor = العامل الثاني
second-factor-hint = مع تطبيق المصادقة لا يسجّل أحد الدخول بكلمة مرورك وحدها.
second-factor-set-up = إعداد تطبيق مصادقة
second-factor-since = تطبيق مصادقة، أُعدّ في
second-factor-codes-left = { $count ->
    [zero] لم يبقَ أي رمز استرداد.
    [one] بقي رمز استرداد واحد.
    [two] بقي رمزا استرداد.
    [few] بقيت { $count } رموز استرداد.
    [many] بقي { $count } رمز استرداد.
   *[other] بقي { $count } رمز استرداد.
}
second-factor-codes-new = الحصول على رموز استرداد جديدة
second-factor-replace = إعداد تطبيق آخر مكانه
second-factor-remove = إزالة العامل الثاني
second-factor-required = تشترط هذه الدردشة عاملًا ثانيًا، فلا يمكن إزالته. يمكنك إعداد تطبيق آخر مكانه.
second-factor-removed = أزال مشرف عاملك الثاني. تكفي الآن كلمة مرورك وحدها لتسجيل الدخول.
second-factor-removed-link = فتح حسابك
second-factor-read = قرأت هذا

# بعد كلمة المرور.
second-factor-heading = أدخل الرمز
second-factor-sentence = افتح تطبيق المصادقة وأدخل رمزه للحساب { $name }.
second-factor-code = الرمز
second-factor-code-hint = ستة أرقام. إن لم يكن التطبيق معك فأدخل أحد رموز الاسترداد.
second-factor-wrong = هذا الرمز خطأ أو انتهت صلاحيته أو استُخدم من قبل. انتظر الرمز التالي وأدخله.
second-factor-other = تسجيل الدخول بحساب آخر

# الإعداد.
second-factor-start-heading = إعداد عامل ثانٍ
second-factor-start = تشترط هذه الدردشة عاملًا ثانيًا إلى جانب كلمة المرور. يمكنك المتابعة فور إعداده.
second-factor-apps = تحتاج إلى تطبيق مصادقة على هاتفك، أو مدير كلمات مرور يعرض الرموز.
second-factor-scan = امسح هذا الرمز بتطبيق المصادقة.
second-factor-qr-code = رمز QR لتطبيق المصادقة
second-factor-type = أو اكتب هذا المفتاح في التطبيق:
second-factor-open = فتح التطبيق على هذا الجهاز
second-factor-confirm = تأكيد
second-factor-cancel = إلغاء
second-factor-setup-wrong = ليس هذا ما يعرضه التطبيق الآن لهذا المفتاح. تأكد من أن ساعة جهازك صحيحة، ثم أدخل الرمز التالي.
second-factor-codes = رموز الاسترداد
second-factor-codes-sentence = يسجّل كل رمز من هذه الرموز دخولك مرة واحدة بدل التطبيق. لا تظهر إلا الآن: اطبعها أو احفظها مع كلمات مرورك. لم تعد الرموز السابقة صالحة.
second-factor-codes-file = رموز الاسترداد لـ { $title }
second-factor-codes-download = تنزيل
second-factor-codes-kept = حفظتها
second-factor-others = تبقى أجهزتك الأخرى مسجّلة الدخول. إن لم تعرف أحدها فسجّل خروجها.

# الإدارة.
admin-second-factor = عامل ثانٍ
admin-remove-second-factor = إزالة العامل الثاني
audit-remove_second_factor = أزال { $actor } العامل الثاني للمستخدم { $subject }
audit-second_factor_add = أعدّ { $actor } عاملًا ثانيًا
audit-second_factor_remove = أزال { $actor } عامله الثاني
audit-second_factor_command = أُزيل العامل الثاني للمستخدم { $actor } بأمر على الخادم
audit-recovery_codes = حصل { $actor } على رموز استرداد جديدة
audit-recovery_code_use = استخدم { $actor } رمز استرداد
