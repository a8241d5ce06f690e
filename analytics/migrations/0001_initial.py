import analytics.models.target
import django.contrib.postgres.constraints
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderFact',
            fields=[
                ('order_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('contact_id', models.BigIntegerField(null=True)),
                ('owner_id', models.BigIntegerField(null=True)),
                ('team_id', models.BigIntegerField(null=True)),
                ('paid_at', models.DateTimeField()),
                ('first_at', models.DateTimeField(null=True)),
                ('is_first', models.BooleanField(default=False)),
                ('amount_base', models.DecimalField(decimal_places=2, max_digits=14)),
            ],
            options={
                'verbose_name': 'purchase as counted',
                'verbose_name_plural': 'purchases as counted',
                'indexes': [models.Index(fields=['paid_at'], include=('contact_id', 'amount_base', 'owner_id', 'team_id', 'first_at', 'is_first'), name='orderfact_paid'), models.Index(fields=['contact_id'], name='orderfact_contact')],
            },
        ),
        migrations.CreateModel(
            name='DealFact',
            fields=[
                ('deal_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('pipeline_id', models.BigIntegerField()),
                ('owner_id', models.BigIntegerField(null=True)),
                ('team_id', models.BigIntegerField(null=True)),
                ('state', models.CharField(max_length=4)),
                ('reached', models.IntegerField()),
                ('created_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('amount_base', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
            ],
            options={
                'verbose_name': 'deal as counted',
                'verbose_name_plural': 'deals as counted',
                'indexes': [models.Index(fields=['pipeline_id', 'created_at'], include=('state', 'reached', 'owner_id', 'team_id'), name='dealfact_opened'), models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], include=('state', 'amount_base', 'pipeline_id', 'owner_id', 'team_id'), name='dealfact_closed')],
            },
        ),
        migrations.CreateModel(
            name='TicketFact',
            fields=[
                ('ticket_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('mailbox_id', models.BigIntegerField(null=True)),
                ('owner_id', models.BigIntegerField(null=True)),
                ('team_id', models.BigIntegerField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answer_work', models.IntegerField(null=True)),
                ('answer_calendar', models.FloatField(null=True)),
                ('solved_at', models.DateTimeField(null=True)),
                ('solution_work', models.IntegerField(null=True)),
                ('solution_calendar', models.FloatField(null=True)),
                ('reopened', models.BooleanField()),
            ],
            options={
                'verbose_name': 'request as counted',
                'verbose_name_plural': 'requests as counted',
                'indexes': [models.Index(condition=models.Q(('solved_at__isnull', False)), fields=['solved_at'], include=('solution_work', 'solution_calendar', 'reopened', 'mailbox_id', 'owner_id', 'team_id'), name='ticketfact_solved'), models.Index(condition=models.Q(('answered_at__isnull', False)), fields=['answered_at'], include=('answer_work', 'answer_calendar', 'mailbox_id', 'owner_id', 'team_id'), name='ticketfact_answered'), models.Index(fields=['solution_work', 'solved_at'], name='fact_solution_work'), models.Index(fields=['solution_calendar', 'solved_at'], name='fact_solution_calendar'), models.Index(fields=['answer_work', 'answered_at'], name='fact_answer_work'), models.Index(fields=['answer_calendar', 'answered_at'], name='fact_answer_calendar')],
            },
        ),
        migrations.CreateModel(
            name='CohortCell',
            fields=[
                ('pk', models.CompositePrimaryKey('joined_on', 'bought_on', blank=True, editable=False, primary_key=True, serialize=False)),
                ('joined_on', models.DateField()),
                ('bought_on', models.DateField()),
                ('people', models.IntegerField()),
                ('revenue_base', models.DecimalField(decimal_places=2, max_digits=16)),
            ],
            options={
                'verbose_name': 'cell of the cohorts',
                'verbose_name_plural': 'cells of the cohorts',
            },
        ),
        migrations.CreateModel(
            name='TimeCell',
            fields=[
                ('pk', models.CompositePrimaryKey('month_on', 'measure', 'place', blank=True, editable=False, primary_key=True, serialize=False)),
                ('month_on', models.DateField()),
                ('measure', models.CharField(max_length=20)),
                ('place', models.SmallIntegerField()),
                ('n', models.IntegerField()),
            ],
            options={
                'verbose_name': 'cell of the times',
                'verbose_name_plural': 'cells of the times',
            },
        ),
        migrations.CreateModel(
            name='DirtyFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=6)),
                ('record_id', models.BigIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'fact to be counted anew',
                'verbose_name_plural': 'facts to be counted anew',
            },
        ),
        migrations.CreateModel(
            name='FactState',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('zone', models.CharField(default='', max_length=64)),
                ('checked_at', models.DateTimeField(null=True)),
                ('differences', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': 'state of the facts',
                'verbose_name_plural': 'states of the facts',
            },
        ),
        migrations.CreateModel(
            name='ClvFit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('params', models.JSONField(default=dict)),
                ('customers', models.IntegerField()),
                ('value', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='predicted value of a customer')),
            ],
            options={
                'verbose_name': 'fit of the purchase model',
                'verbose_name_plural': 'fits of the purchase model',
                'ordering': ['-made_at'],
            },
        ),
        migrations.CreateModel(
            name='KpiTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kpi', models.CharField(max_length=30, verbose_name='figure')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('last_on', models.DateField(verbose_name='last day')),
                ('value', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='target')),
                ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='set by')),
            ],
            options={
                'verbose_name': 'target',
                'verbose_name_plural': 'targets',
                'ordering': ['kpi', '-first_on'],
                'constraints': [models.CheckConstraint(condition=models.Q(('last_on__gte', models.F('first_on'))), name='target_days_forward'), models.CheckConstraint(condition=models.Q(('value__gt', 0)), name='target_positive'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('kpi', '='), (analytics.models.target._Days('first_on', 'last_on', models.Value('[]')), '&&')], name='target_once_a_day')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='kpitarget',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "analytics_kpitargetevent" ("first_on", "id", "kpi", "last_on", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "set_by_id", "value") SELECT old_values."first_on", old_values."id", old_values."kpi", old_values."last_on", _pgh_attached_context.value, NOW(), \'update\', old_values."id", old_values."set_by_id", old_values."value" FROM ( SELECT old_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='4a698de36f7af3bb545ef73be6c6260610524d3a', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_cd05d', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='analytics_kpitarget', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='kpitarget',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "analytics_kpitargetevent" ("first_on", "id", "kpi", "last_on", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "set_by_id", "value") SELECT old_values."first_on", old_values."id", old_values."kpi", old_values."last_on", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."set_by_id", old_values."value" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='d44d24fb6f8fadc166a211df43251b8286e6f2d1', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_15adf', referencing='REFERENCING OLD TABLE AS old_values ', table='analytics_kpitarget', when='AFTER')),
        ),
        migrations.CreateModel(
            name='KpiTargetEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='analytics.kpitarget')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('id', models.BigIntegerField()),
                ('kpi', models.CharField(max_length=30, verbose_name='figure')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('last_on', models.DateField(verbose_name='last day')),
                ('value', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='target')),
                ('set_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='set by')),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
