# داخل الرسائل والإشعارات، عبر ورقة أنماط اللغة.
you = أنت:{ " " }
unread = { " " }غير مقروءة
mentioned = { " " }إشارات إليك
former = عضو سابق
# Beside the name of an integration; $text is that name where the message has another one.
app = تطبيق
app-of = تطبيق { $text }
edited = (معدَّلة)
pinned = ثبّتها { $actor }
deleted = حُذفت هذه الرسالة.
photo = صورة
# $count is 2 or more.
photos = { $count ->
    [two] صورتان
   *[few] { $count } صور
}
files = { $count ->
    [two] ملفان
   *[few] { $count } ملفات
}
notice-created = بدأ { $actor } هذه المحادثة
notice-joined = انضم { $actor }
notice-added = أضاف { $actor } العضو { $subject }
notice-left = غادر { $actor }
notice-removed = أزال { $actor } العضو { $subject }
notice-renamed = غيّر { $actor } الاسم إلى «{ $text }»
notice-topic = غيّر { $actor } الموضوع إلى «{ $text }»
notice-promoted = أصبح { $subject } مالكًا
notice-demoted = لم يعد { $subject } مالكًا
notice-imported = مستورد من { $text }
