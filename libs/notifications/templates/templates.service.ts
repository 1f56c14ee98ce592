import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { invalid, page, readCursor, RequestContext } from '@app/platform';
import { type CompanyProfile, TenantsService } from '@app/tenants';
import type { Channel } from '../channel.js';
import { localesFor } from '../locale.js';
import { NotificationError } from '../notifications.errors.js';
import { BUILT_IN_TEMPLATES, CODE, type Template } from './built-in.js';
import { chooseTemplate, type TemplateKey } from './choose-template.js';
import { MessageTemplate } from './message-template.entity.js';
import { placeholdersIn } from './placeholders.js';
import { type Rendered, renderMessage, smsSize } from './render-message.js';
import { flawsOf } from './template-rules.js';
import type { SaveTemplate } from './templates.contract.js';

/** A company's own words for its messages, and ours where it has none. */
@Injectable()
export class TemplatesService {
  constructor(
    private readonly context: RequestContext,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {}

  /**
   * The words of one message, in the language that was found: the reader's, with or without the region, or English; of each, the
   * company's own before ours. Part of a larger transaction, bound to the company.
   * @throws notifications.unknown_template, notifications.invalid_variables
   */
  async render(
    em: EntityManager,
    { name, channel, locale, variables, company }: TemplateKey & { variables: Readonly<Record<string, string>>; company: CompanyProfile },
  ): Promise<Rendered & { locale: string }> {
    const own = await em.find(MessageTemplate, { name, channel, locale: { $in: localesFor(locale) } });
    const template = chooseTemplate({ name, channel, locale }, own);
    return { locale: template.locale, ...rendered(template, channel, variables, company) };
  }

  list(limit: number, cursor?: string) {
    const tenantId = this.context.tenantId!;
    const after = readCursor('templates', tenantId, cursor);
    return this.context.transaction(async (em) => {
      const company = await this.tenants.profile(em);
      const rows = await em.find(MessageTemplate, after ? { id: { $gt: after } } : {}, { orderBy: { id: 'asc' }, limit: limit + 1 });
      const { data, next_cursor } = page('templates', tenantId, rows, limit, ({ id }) => id);
      return {
        data: data.map((row) => view(row, company)),
        next_cursor,
        built_in: BUILT_IN_TEMPLATES.map((template) => view(template, company)),
      };
    });
  }

  /** @throws request.invalid naming what is wrong in which field */
  save({ name, channel, locale }: TemplateKey, { subject = null, body, html = null }: SaveTemplate) {
    const template = { subject, body, html };
    const flaws = flawsOf(name, channel, template);
    if (flaws.length > 0) throw invalid(flaws);
    return this.context.transaction(async (em) => {
      const row = { tenantId: this.context.tenantId!, name, channel, locale, ...template };
      await em.upsert(
        MessageTemplate,
        { id: uuidv7(), ...row },
        { onConflictFields: ['tenantId', 'name', 'channel', 'locale'], onConflictMergeFields: ['subject', 'body', 'html'] },
      );
      this.audit.record('templates.saved', { details: { name, channel, locale } });
      return view(row, await this.tenants.profile(em));
    });
  }

  /** @throws notifications.template_not_found */
  remove({ name, channel, locale }: TemplateKey): Promise<void> {
    return this.context.transaction(async (em) => {
      if ((await em.nativeDelete(MessageTemplate, { name, channel, locale })) === 0) throw NotificationError.templateNotFound();
      this.audit.record('templates.deleted', { details: { name, channel, locale } });
    });
  }
}

const rendered = (
  template: Template & { name: string },
  channel: Channel,
  variables: Readonly<Record<string, string>>,
  company: CompanyProfile,
) => renderMessage({ template, channel, variables, policy: company.policy, companyName: company.name });

function view({ name, channel, locale, subject = null, body, html = null }: TemplateKey & Template, company: CompanyProfile) {
  const names = placeholdersIn([subject, body, html].join(' ')).names;
  const sample = { ...Object.fromEntries(names.map((each) => [each, each])), ...(name === CODE && { code: '123456', minutes: '5' }) };
  const preview = rendered({ name, subject, body, html }, channel, sample, company);
  return { name, channel, locale, subject, body, html, preview, sms: channel === 'sms' ? smsSize(preview.text) : null };
}
