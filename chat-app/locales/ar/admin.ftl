# الإدارة.
admin = الإدارة
admin-people = الأشخاص
admin-rooms = الغرف
admin-invites = الدعوات
admin-messages = الرسائل
admin-bots = الروبوتات
admin-log = السجل
admin-search = بحث
admin-more = المزيد
admin-none = لا نتائج.
admin-is-admin = مشرف
admin-is-disabled = معطّل
admin-person-since = انضم في
admin-disable = تعطيل
admin-enable = تفعيل
admin-sign-out = تسجيل الخروج من كل مكان
admin-make-admin = تعيين مشرفًا
admin-unmake-admin = سحب الإشراف
admin-reset-link = إنشاء رابط لكلمة مرور جديدة
admin-reset-link-made = بهذا الرابط يمكن لـ { $name } تعيين كلمة مرور جديدة مرة واحدة خلال 24 ساعة. لا يظهر الرابط إلا الآن.
admin-link-relative = لا تعرف هذه الدردشة عنوانها. ضع قبل هذا العنوانَ الذي تُفتح به.
admin-last-admin = يجب أن يبقى مشرف واحد على الأقل.
admin-room-public = عامة
admin-room-private = خاصة
admin-room-members = { $count ->
    [zero] لا أعضاء
    [one] عضو واحد
    [two] عضوان
    [few] { $count } أعضاء
    [many] { $count } عضوًا
   *[other] { $count } عضو
}
admin-room-title = الاسم
admin-room-rename = إعادة التسمية
admin-room-remove = إزالة
admin-invite-new = دعوة جديدة
admin-invite-days = مدة الصلاحية (بالأيام)
admin-invite-uses = الحد الأقصى للاستخدام
admin-invite-bad = أدخل من 1 إلى 365 يومًا ومن 1 إلى 1000 استخدام.
admin-invite-make = إنشاء رابط
admin-invite-made = شارك هذا الرابط. لا يظهر إلا الآن.
admin-invite-uses-of = استُخدم { $uses } من { $max }
admin-invite-until = حتى
admin-invite-by = من { $name }
admin-invite-over = لم تعد صالحة
admin-invite-revoke = إلغاء
admin-invite-closed = التسجيل مغلق: تعمل الدعوات عندما يُفتح أو يصبح بدعوة.
admin-message-remove = إزالة رسالة
admin-message-link = رابط الرسالة
admin-message-link-hint = افتح قائمة الرسالة وانسخ رابطها. يحل محلها لدى الجميع تنبيه بأنها حُذفت.
admin-message-link-bad = لا يؤدي هذا الرابط إلى رسالة.
admin-retention = مدة الاحتفاظ
admin-retention-days = { $count ->
    [zero] تُحذف الرسائل فورًا.
    [one] تُحذف الرسائل بعد يوم واحد.
    [two] تُحذف الرسائل بعد يومين.
    [few] تُحذف الرسائل بعد { $count } أيام.
    [many] تُحذف الرسائل بعد { $count } يومًا.
   *[other] تُحذف الرسائل بعد { $count } يوم.
}
admin-retention-none = تُحفظ الرسائل بلا حد زمني. لتغيير ذلك، اضبط messageRetentionDays في ChatDeployment.
audit-set_up = أعدّ { $actor } الدردشة
audit-disable = عطّل { $actor } حساب { $subject }
audit-enable = فعّل { $actor } حساب { $subject }
audit-sign_out = سجّل { $actor } خروج { $subject } من كل مكان
audit-make_admin = عيّن { $actor } المستخدم { $subject } مشرفًا
audit-unmake_admin = سحب { $actor } الإشراف من { $subject }
audit-reset_link = أنشأ { $actor } رابط كلمة مرور للمستخدم { $subject }
audit-invite = أنشأ { $actor } الدعوة { $detail }
audit-revoke_invite = ألغى { $actor } الدعوة { $detail }
audit-rename_room = غيّر { $actor } اسم الغرفة { $place } إلى { $detail }
audit-remove_member = أزال { $actor } العضو { $subject } من الغرفة { $place }
audit-remove_message = أزال { $actor } الرسالة { $detail } للمستخدم { $subject } في المحادثة { $place }
audit-hook_create = أنشأ { $actor } التكامل { $subject } في الغرفة { $place }
audit-hook_save = غيّر { $actor } التكامل { $subject } في الغرفة { $place }
audit-hook_rotate = أعطى { $actor } التكامل { $subject } في الغرفة { $place } عنوان URL جديدًا
audit-hook_disable = عطّل { $actor } التكامل { $subject } في الغرفة { $place }
audit-hook_enable = فعّل { $actor } التكامل { $subject } في الغرفة { $place }
audit-hook_delete = حذف { $actor } التكامل { $subject } من الغرفة { $place }
audit-webhook_create = أنشأ { $actor } خطاف الويب { $detail } في الغرفة { $place }
audit-webhook_save = غيّر { $actor } خطاف الويب { $detail } في الغرفة { $place }
audit-webhook_rotate = أعطى { $actor } خطاف الويب { $detail } في الغرفة { $place } سرًّا جديدًا
audit-webhook_disable = عطّل { $actor } خطاف الويب { $detail } في الغرفة { $place }
audit-webhook_enable = فعّل { $actor } خطاف الويب { $detail } في الغرفة { $place }
audit-webhook_delete = حذف { $actor } خطاف الويب { $detail } من الغرفة { $place }
audit-token_create = أنشأ { $actor } رمز الوصول { $detail } لحساب { $subject }
audit-token_revoke = ألغى { $actor } رمز الوصول { $detail } لحساب { $subject }
audit-bot_create = أنشأ { $actor } الروبوت { $subject }
audit-bot_delete = حذف { $actor } الروبوت { $detail }
