import django.contrib.postgres.fields
import django.db.models.constraints
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('campaigns', '0002_reasons_as_codes'),
        ('campaigns', '0003_consent_ledger'),
        ('campaigns', '0004_personal_data'),
    ]

    initial = True

    dependencies = [
        ('contacts', '0002_initial'),
        ('crm', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('topic', models.CharField(blank=True, db_default='', default='', max_length=100, verbose_name='topic')),
                ('but_topics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, db_default=[], default=list, size=None)),
                ('reason', models.CharField(choices=[('unsubscribed', 'unsubscribed'), ('bounced', 'address does not exist'), ('complained', 'complained'), ('erased', 'asked to be erased')], max_length=12)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'suppressed address',
                'verbose_name_plural': 'suppressed addresses',
                'constraints': [models.UniqueConstraint(fields=('digest', 'topic'), name='suppressed_once')],
            },
        ),
        migrations.CreateModel(
            name='ScoreRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=60, unique=True, verbose_name='event')),
                ('label', models.CharField(max_length=100, verbose_name='as a reason')),
                ('points', models.SmallIntegerField(default=10, verbose_name='points')),
                ('half_life', models.PositiveSmallIntegerField(default=30, verbose_name='halves every … days')),
                ('cap', models.PositiveSmallIntegerField(default=50, verbose_name='at most')),
            ],
            options={
                'verbose_name': 'score rule',
                'verbose_name_plural': 'score rules',
                'ordering': ['-points'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='scorerule',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_scoreruleevent" ("cap", "event", "half_life", "id", "label", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points") SELECT old_values."cap", old_values."event", old_values."half_life", old_values."id", old_values."label", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."points" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='b99aa6880db64532a0c44a826cc6e34495fd090c', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_e4054', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_scorerule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='scorerule',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_scoreruleevent" ("cap", "event", "half_life", "id", "label", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points") SELECT old_values."cap", old_values."event", old_values."half_life", old_values."id", old_values."label", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."points" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='ddff40e96cba101c30be7e40589f90803a2cd524', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_534cc', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_scorerule', when='AFTER')),
        ),
        migrations.CreateModel(
            name='ScoreRuleEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.scorerule')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('event', models.CharField(max_length=60, verbose_name='event')),
                ('label', models.CharField(max_length=100, verbose_name='as a reason')),
                ('points', models.SmallIntegerField(default=10, verbose_name='points')),
                ('half_life', models.PositiveSmallIntegerField(default=30, verbose_name='halves every … days')),
                ('cap', models.PositiveSmallIntegerField(default=50, verbose_name='at most')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HandOffRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('threshold', models.PositiveSmallIntegerField(default=60, verbose_name='hand over from')),
                ('again_below', models.PositiveSmallIntegerField(default=40, verbose_name='and again after falling below')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'hand-off rule',
                'verbose_name_plural': 'hand-off rules',
                'constraints': [models.CheckConstraint(condition=models.Q(('again_below__lt', models.F('threshold'))), name='handoff_hysteresis')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handoffrule',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_handoffruleevent" ("again_below", "id", "is_active", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "threshold") SELECT old_values."again_below", old_values."id", old_values."is_active", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."threshold" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='ee53f70d844409dc8780cd02715b7090f6205cd9', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_b201e', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_handoffrule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handoffrule',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_handoffruleevent" ("again_below", "id", "is_active", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "threshold") SELECT old_values."again_below", old_values."id", old_values."is_active", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."threshold" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='5b9d7d91ef7c2eba1bdf33c01892c4bed85a0cd2', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_c5b44', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_handoffrule', when='AFTER')),
        ),
        migrations.CreateModel(
            name='HandOffRuleEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.handoffrule')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('threshold', models.PositiveSmallIntegerField(default=60, verbose_name='hand over from')),
                ('again_below', models.PositiveSmallIntegerField(default=40, verbose_name='and again after falling below')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ContactScore',
            fields=[
                ('contact', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='interest', serialize=False, to='contacts.contact')),
                ('score', models.SmallIntegerField(default=0)),
                ('reasons', models.JSONField(default=list)),
                ('is_handed_over', models.BooleanField(default=False)),
                ('counted_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'score',
                'verbose_name_plural': 'scores',
            },
        ),
        migrations.CreateModel(
            name='GuideForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=150, verbose_name='title')),
                ('slug', models.SlugField(unique=True, verbose_name='address')),
                ('language', models.CharField(choices=[('en', 'English'), ('ru', 'Русский')], default='en', max_length=2, verbose_name='language')),
                ('text', models.TextField(blank=True, verbose_name='what it is')),
                ('content', models.TextField(verbose_name='the guide itself')),
                ('law', models.CharField(choices=[('ru', 'Russia: 152-FZ, 38-FZ'), ('gdpr', 'European Union: GDPR')], db_default='gdpr', default='gdpr', max_length=4, verbose_name='law')),
                ('topic', models.ForeignKey(blank=True, help_text='Empty: news and offers of all kinds.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.topic', verbose_name='letters are about')),
                ('double_opt_in', models.BooleanField(db_default=False, default=True, help_text='The consent to letters counts when it is confirmed from the mailbox.', verbose_name='confirm by mail')),
                ('personal_data_text', models.TextField(blank=True, help_text='Empty: the words of the settings, in their newest version.', verbose_name='consent to keep the data')),
                ('advertising_text', models.TextField(blank=True, help_text='Empty: the words of the settings, in their newest version.', verbose_name='consent to letters')),
                ('is_open', models.BooleanField(default=True, verbose_name='open')),
            ],
            options={
                'verbose_name': 'guide',
                'verbose_name_plural': 'guides',
                'ordering': ['title'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='guideform',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_guideformevent" ("advertising_text", "content", "double_opt_in", "id", "is_open", "language", "law", "personal_data_text", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "text", "title", "topic_id") SELECT old_values."advertising_text", old_values."content", old_values."double_opt_in", old_values."id", old_values."is_open", old_values."language", old_values."law", old_values."personal_data_text", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."slug", old_values."text", old_values."title", old_values."topic_id" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='d134b2fdde6d15897507c65394b1204e61a3897f', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_dcd29', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_guideform', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='guideform',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_guideformevent" ("advertising_text", "content", "double_opt_in", "id", "is_open", "language", "law", "personal_data_text", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "text", "title", "topic_id") SELECT old_values."advertising_text", old_values."content", old_values."double_opt_in", old_values."id", old_values."is_open", old_values."language", old_values."law", old_values."personal_data_text", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."slug", old_values."text", old_values."title", old_values."topic_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='33e3cfd011d0ce2caccc06486bf9422fe89b8ace', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_b8b57', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_guideform', when='AFTER')),
        ),
        migrations.CreateModel(
            name='GuideFormEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.guideform')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('title', models.CharField(max_length=150, verbose_name='title')),
                ('slug', models.SlugField(db_index=False, verbose_name='address')),
                ('language', models.CharField(choices=[('en', 'English'), ('ru', 'Русский')], default='en', max_length=2, verbose_name='language')),
                ('text', models.TextField(blank=True, verbose_name='what it is')),
                ('content', models.TextField(verbose_name='the guide itself')),
                ('law', models.CharField(choices=[('ru', 'Russia: 152-FZ, 38-FZ'), ('gdpr', 'European Union: GDPR')], db_default='gdpr', default='gdpr', max_length=4, verbose_name='law')),
                ('topic', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: news and offers of all kinds.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='contacts.topic', verbose_name='letters are about')),
                ('double_opt_in', models.BooleanField(db_default=False, default=True, help_text='The consent to letters counts when it is confirmed from the mailbox.', verbose_name='confirm by mail')),
                ('personal_data_text', models.TextField(blank=True, help_text='Empty: the words of the settings, in their newest version.', verbose_name='consent to keep the data')),
                ('advertising_text', models.TextField(blank=True, help_text='Empty: the words of the settings, in their newest version.', verbose_name='consent to letters')),
                ('is_open', models.BooleanField(default=True, verbose_name='open')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('language', models.CharField(choices=[('en', 'English'), ('ru', 'Русский')], default='en', max_length=2, verbose_name='language')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('preheader', models.CharField(blank=True, max_length=200, verbose_name='preview line')),
                ('body', models.TextField(help_text='An empty line begins a paragraph. [Words](https://…) alone on a line is a button. {greeting}, {first_name|there} and {company|your company} are filled in.', verbose_name='text')),
                ('html', models.TextField(blank=True, editable=False)),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
            ],
            options={
                'verbose_name': 'letter',
                'verbose_name_plural': 'letters',
                'ordering': ['name'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='letter',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_letterevent" ("body", "id", "language", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preheader", "subject") SELECT old_values."body", old_values."id", old_values."language", old_values."name", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."preheader", old_values."subject" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."body" IS DISTINCT FROM (new_values."body") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."language" IS DISTINCT FROM (new_values."language") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."preheader" IS DISTINCT FROM (new_values."preheader") OR old_values."subject" IS DISTINCT FROM (new_values."subject")) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='a73323ca188df0dbfa910881a19ed765439ad183', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_8e9d7', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_letter', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='letter',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_letterevent" ("body", "id", "language", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preheader", "subject") SELECT old_values."body", old_values."id", old_values."language", old_values."name", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."preheader", old_values."subject" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='4a234268d49831ee22c413aaf65f6f1e5f0f780c', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_eaec2', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_letter', when='AFTER')),
        ),
        migrations.CreateModel(
            name='LetterEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.letter')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('language', models.CharField(choices=[('en', 'English'), ('ru', 'Русский')], default='en', max_length=2, verbose_name='language')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('preheader', models.CharField(blank=True, max_length=200, verbose_name='preview line')),
                ('body', models.TextField(help_text='An empty line begins a paragraph. [Words](https://…) alone on a line is a button. {greeting}, {first_name|there} and {company|your company} are filled in.', verbose_name='text')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TrackedLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='campaigns.letter')),
                ('url', models.URLField(max_length=1000)),
            ],
            options={
                'verbose_name': 'link',
                'verbose_name_plural': 'links',
                'constraints': [models.UniqueConstraint(fields=('letter', 'url'), name='link_once')],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team', verbose_name='team')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('tree', models.JSONField(default=dict, verbose_name='condition')),
                ('size', models.IntegerField(default=0, editable=False, verbose_name='people')),
                ('built_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='counted')),
                ('error', models.CharField(blank=True, editable=False, max_length=300)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
                'ordering': ['name'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='segment',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_segmentevent" ("created_at", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "team_id", "tree") SELECT old_values."created_at", old_values."id", old_values."name", old_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."team_id", old_values."tree" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."tree" IS DISTINCT FROM (new_values."tree")) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='02b8c0ca0e2de3f6d858caaeee8030079d572c3d', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_94814', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_segment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='segment',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_segmentevent" ("created_at", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "team_id", "tree") SELECT old_values."created_at", old_values."id", old_values."name", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."team_id", old_values."tree" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='479cc39beef0fab3312e048508a5a20e3f05d771', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_dbeb9', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_segment', when='AFTER')),
        ),
        migrations.CreateModel(
            name='SegmentEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.segment')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='crm.team', verbose_name='team')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('tree', models.JSONField(default=dict, verbose_name='condition')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SegmentMembership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='campaigns.segment')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segment_memberships', to='contacts.contact')),
                ('entered_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('left_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'indexes': [models.Index(condition=models.Q(('left_at', None)), fields=['contact'], name='membership_of_contact')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('left_at', None)), fields=('segment', 'contact'), name='membership_open_once')],
            },
        ),
        migrations.CreateModel(
            name='Sequence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team', verbose_name='team')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sequences', to='campaigns.segment', verbose_name='segment')),
                ('topic', models.ForeignKey(blank=True, help_text='Whoever has refused the topic gets nothing. Empty: news and offers of all kinds.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.topic', verbose_name='letters are about')),
                ('status', models.CharField(choices=[('draft', 'draft'), ('running', 'running'), ('paused', 'paused'), ('stopped', 'stopped')], default='draft', max_length=7, verbose_name='status')),
                ('exit_on_deal', models.BooleanField(default=True, verbose_name='ends when a deal is opened or won')),
                ('exit_on_reply', models.BooleanField(default=True, verbose_name='ends when the person answers')),
                ('started_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='started')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'sequence',
                'verbose_name_plural': 'sequences',
                'ordering': ['name'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sequence',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_sequenceevent" ("created_at", "exit_on_deal", "exit_on_reply", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id", "started_at", "status", "team_id", "topic_id") SELECT old_values."created_at", old_values."exit_on_deal", old_values."exit_on_reply", old_values."id", old_values."name", old_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."segment_id", old_values."started_at", old_values."status", old_values."team_id", old_values."topic_id" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='1afd27a50ea05123093a4b60ca315c0b4bbc75f5', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_da465', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='campaigns_sequence', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sequence',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "campaigns_sequenceevent" ("created_at", "exit_on_deal", "exit_on_reply", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id", "started_at", "status", "team_id", "topic_id") SELECT old_values."created_at", old_values."exit_on_deal", old_values."exit_on_reply", old_values."id", old_values."name", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."segment_id", old_values."started_at", old_values."status", old_values."team_id", old_values."topic_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='3191563fd4e062937fbcfd4adda6a31d455946f9', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_2138e', referencing='REFERENCING OLD TABLE AS old_values ', table='campaigns_sequence', when='AFTER')),
        ),
        migrations.CreateModel(
            name='SequenceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='campaigns.sequence')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('team', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='crm.team', verbose_name='team')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('segment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='campaigns.segment', verbose_name='segment')),
                ('topic', models.ForeignKey(blank=True, db_constraint=False, help_text='Whoever has refused the topic gets nothing. Empty: news and offers of all kinds.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='contacts.topic', verbose_name='letters are about')),
                ('status', models.CharField(choices=[('draft', 'draft'), ('running', 'running'), ('paused', 'paused'), ('stopped', 'stopped')], default='draft', max_length=7, verbose_name='status')),
                ('exit_on_deal', models.BooleanField(default=True, verbose_name='ends when a deal is opened or won')),
                ('exit_on_reply', models.BooleanField(default=True, verbose_name='ends when the person answers')),
                ('started_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='started')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='campaigns.sequence')),
                ('position', models.PositiveIntegerField(default=0)),
                ('kind', models.CharField(choices=[('letter', 'Letter'), ('wait', 'Wait')], max_length=6)),
                ('letter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='campaigns.letter')),
                ('wait', models.PositiveIntegerField(default=0, verbose_name='minutes')),
            ],
            options={
                'verbose_name': 'step',
                'verbose_name_plural': 'steps',
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('sequence', 'position'), name='step_place')],
            },
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enrolments', to='campaigns.sequence')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enrolments', to='contacts.contact')),
                ('state', models.CharField(choices=[('active', 'on the way'), ('finished', 'finished'), ('left', 'left')], default='active', max_length=8)),
                ('position', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('entered_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=100)),
            ],
            options={
                'verbose_name': 'enrolment',
                'verbose_name_plural': 'enrolments',
                'indexes': [models.Index(condition=models.Q(('state', 'active')), fields=['due_at', 'id'], name='enrolment_due'), models.Index(fields=['contact'], name='enrolment_of_contact')],
                'constraints': [models.UniqueConstraint(fields=('sequence', 'contact'), name='enrolled_once')],
            },
        ),
        migrations.CreateModel(
            name='StepRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('enrolment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='campaigns.enrolment')),
                ('step', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='campaigns.step')),
                ('outcome', models.CharField(choices=[('queued', 'on its way'), ('sent', 'sent'), ('skipped', 'held back'), ('failed', 'refused'), ('unknown', 'unknown')], default='queued', max_length=7)),
                ('reason', models.CharField(blank=True, max_length=100)),
                ('delivery_id', models.BigIntegerField(blank=True, db_index=True, null=True)),
                ('opened_at', models.DateTimeField(blank=True, null=True)),
                ('clicked_at', models.DateTimeField(blank=True, null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'step of a person',
                'verbose_name_plural': 'steps of people',
                'indexes': [models.Index(fields=['step', 'outcome'], name='steprun_outcomes')],
                'constraints': [models.UniqueConstraint(fields=('enrolment', 'step'), name='step_once')],
            },
        ),
    ]
