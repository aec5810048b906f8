# المجموعات والغرف.
rooms-title = الغرف
rooms-search = ابحث عن غرفة
rooms-browse = تصفّح الغرف
rooms-none = لا توجد غرف عامة بعد.
rooms-none-found = لم يُعثر على غرفة لـ «{ $q }».
rooms-new = غرفة جديدة
group-new = مجموعة جديدة
room-members = { $count ->
    [zero] لا أعضاء
    [one] عضو واحد
    [two] عضوان
    [few] { $count } أعضاء
    [many] { $count } عضوًا
   *[other] { $count } عضو
}
room-join = انضمام
room-open = فتح
room-leave = مغادرة
room-leave-hint = لن تصلك رسائلها بعد ذلك ولن تتمكن من قراءتها.
room-kind = من يمكنه الانضمام
room-kind-public = عامة: يمكن لأي شخص الانضمام وقراءة الرسائل السابقة
room-kind-private = خاصة: بدعوة؛ لا يرى الأعضاء الجدد إلا ما يُرسل بعد انضمامهم
room-kind-group = مجموعة: محادثة بين أشخاص مختارين
room-name = الاسم
room-name-hint = اختياري للمجموعات.
room-topic = الموضوع
room-topic-hint = سطر واحد يصف ما تدور حوله.
room-people = الأشخاص
room-people-hint = أسماء تفصل بينها مسافات أو فواصل.
room-create = إنشاء
room-name-missing = أدخل اسمًا للغرفة.
room-name-long = استخدم 80 حرفًا على الأكثر.
room-topic-long = استخدم 250 حرفًا على الأكثر.
room-people-unknown = لا أحد هنا اسمه { $names }.
group-needs-people = تحتاج المجموعة إلى شخص آخر على الأقل.
about-title = حول { $name }
about-change = تغيير الاسم والموضوع
about-add = إضافة أشخاص
about-add-button = إضافة
about-owner = مالك
about-remove = إزالة
about-member = إجراءات { $name }
about-remove-named = إزالة { $name }
about-make-owner = جعله مالكًا
about-make-owner-named = جعل { $name } مالكًا
about-make-member = جعله عضوًا
about-make-member-named = جعل { $name } عضوًا
about-notifications = الإشعارات
people-find-member = ابحث عن عضو
