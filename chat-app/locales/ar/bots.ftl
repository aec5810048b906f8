# الروبوتات: حسابات البرامج.
bots-about = الروبوت حساب برنامج. لا يمكنه تسجيل الدخول: يستخدم واجهة API برموز وصول.
bots-new = روبوت جديد
bots-create = إنشاء
bots-since = أُنشئ
bots-rooms = يضيف الأعضاء الروبوت إلى غرفهم باسم { $name }.
bots-tokens = { $count ->
    [zero] { $count } رمز وصول
    [one] رمز وصول واحد
    [two] رمزا وصول
    [few] { $count } رموز وصول
    [many] { $count } رمز وصول
   *[other] { $count } رمز وصول
}
bots-delete = حذف الروبوت
