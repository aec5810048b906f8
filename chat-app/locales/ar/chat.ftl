# القائمة وصفحة المحادثة.
new-conversation = محادثة جديدة
find-people = ابحث عن أشخاص
rooms = الغرف
search = بحث
account = الحساب
log-out = تسجيل الخروج
no-conversations = لا محادثات بعد
no-conversations-hint = ابحث عن شخص وألقِ التحية، أو انضم إلى غرفة.
list-older = محادثات أقدم
hello = مرحبًا، { $name }
hello-hint = اختر محادثة أو ابدأ محادثة جديدة.
connecting = جارٍ الاتصال…
offline = أنت غير متصل. ما ترسله ينتظر عودة الاتصال.
no-messages = لا رسائل بعد
no-messages-hint = لا رسائل بعد. ألقِ التحية!
just-you = أنت فقط
welcome = أهلًا
messages = الرسائل
messages-with = الرسائل مع { $name }
earlier-messages = رسائل أقدم
later-messages = رسائل أحدث
latest-messages = أحدث الرسائل
new-messages = رسائل جديدة
first-unread = { $count ->
    [zero] لا رسائل غير مقروءة
    [one] رسالة واحدة غير مقروءة
    [two] رسالتان غير مقروءتين
    [few] { $count } رسائل غير مقروءة
    [many] { $count } رسالة غير مقروءة
   *[other] { $count } رسالة غير مقروءة
}
new-since = جديد منذ آخر زيارة لك
no-script = بدون جافاسكربت لا تصل الرسائل الجديدة من تلقاء نفسها:
no-script-look = ابحث عن الجديد
message-to = رسالة إلى { $name }
message-placeholder = رسالة إلى { $name }
send = إرسال
sending = جارٍ الإرسال…
not-sent = لم تُرسل.
retry = أعد المحاولة
discard = تجاهل
replying-to = رد على { $name }
editing = تعديل رسالتك
cancel = إلغاء
save = حفظ
about = حول
more = المزيد عن هذه الرسالة
reply = رد
react = تفاعل
more-reactions = تفاعلات أخرى
edit = تعديل
delete = حذف
delete-sure = حذف هذه الرسالة للجميع؟
copy-text = نسخ النص
copy-link = نسخ الرابط
copied = نُسخ
mark-unread = اعتبارها غير مقروءة من هنا
message-actions = الرسالة
back-to-conversation = العودة إلى المحادثة
your-reaction = تفاعلك
emoji = رموز تعبيرية
emoji-search = ابحث في الرموز
emoji-none = لا رمز بهذا الاسم
mention-hint = أشخاص في هذه المحادثة
keys = المفاتيح
keys-send = إرسال
keys-line = سطر جديد
keys-edit = تعديل آخر رسالة لك
keys-switch = تبديل المحادثة
keys-help = عرض هذه القائمة
keys-close = إغلاق
keys-next = المحادثة التالية
keys-previous = المحادثة السابقة
switch-to = انتقل إلى محادثة أو شخص
switch-none = لا شيء بهذا الاسم
close = إغلاق
nothing-written = اكتب رسالة أولًا.
typing-one = { $name } يكتب…
typing-many = عدة أشخاص يكتبون…
seen-by = شاهدها { $names }
online = متصل
away = بعيد
