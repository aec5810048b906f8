# رموز الوصول: تستخدم بها البرامج واجهة API لحساب.
tokens = رموز الوصول
tokens-about = برمز وصول يستخدم برنامج واجهة API لهذه الدردشة باسمك: يرى ما تراه ويرسل باسمك.
tokens-new = رمز وصول جديد
tokens-name = الاسم
tokens-name-missing = أدخل اسمًا لرمز الوصول.
tokens-name-long = استخدم 64 حرفًا على الأكثر.
tokens-too-many = للحساب 50 رمز وصول على الأكثر. ألغِ رمزًا لم يعد مستخدمًا.
tokens-scopes = ما يجوز للبرنامج
tokens-scope-read = القراءة
tokens-scope-write = الإرسال والتغيير
tokens-scope-missing = اختر ما يجوز للبرنامج.
tokens-validity = صالح لمدة
tokens-days = { $count ->
    [zero] { $count } يوم
    [one] يوم واحد
    [two] يومين
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}
tokens-endless = لا تنتهي صلاحيته
tokens-create = إنشاء
tokens-created = أدخل هذا الرمز في البرنامج. يُعرض مرة واحدة فقط، ومن يملكه يمكنه التصرف باسم هذا الحساب.
tokens-list = رموز الوصول الخاصة بك
tokens-none = لا توجد رموز وصول.
tokens-used = آخر استخدام
tokens-unused = لم يُستخدم قط
tokens-expires = تنتهي صلاحيته
tokens-expired = انتهت صلاحيته
tokens-revoke = إلغاء
