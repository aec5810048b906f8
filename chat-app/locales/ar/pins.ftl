# Pinned messages of a conversation, and messages that a person saves for themselves.
pin = تثبيت
unpin = إلغاء التثبيت
unpin-named = إلغاء تثبيت رسالة { $name }
pins-title = الرسائل المثبّتة
pins-count = { $count ->
    [zero] لا رسائل مثبّتة
    [one] رسالة مثبّتة واحدة
    [two] رسالتان مثبّتتان
    [few] { $count } رسائل مثبّتة
    [many] { $count } رسالة مثبّتة
   *[other] { $count } رسالة مثبّتة
}
pins-by = ثبّتها { $name }
pins-none = لا شيء مثبّت بعد
pins-none-hint = ثبّت رسالة من قائمتها، فيجدها هنا كل من في هذه المحادثة.
pins-too-many = للمحادثة { $limit } رسالة مثبّتة على الأكثر. ألغِ تثبيت رسالة لم تعد مطلوبة.
save-for-later = حفظ لوقت لاحق
unsave = إزالة من المحفوظات
unsave-named = إزالة رسالة { $name } من المحفوظات
saved-title = الرسائل المحفوظة
saved-done = حُفظت لوقت لاحق
saved-undone = أُزيلت من المحفوظات
saved-private = أنت وحدك ترى ما تحفظه.
saved-older = محفوظات أقدم
saved-no-more = لا محفوظات أقدم
saved-none = لا محفوظات بعد
saved-none-hint = احفظ رسالة من قائمتها لتعود إليها. أنت وحدك ترى ما تحفظه.
saved-too-many = لديك { $limit } رسالة محفوظة، وهو الحد الأقصى. أزل رسالة لم تعد تحتاج إليها.
