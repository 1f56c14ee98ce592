import { Injectable } from '@nestjs/common';
import { canonicalEmail } from '@app/notifications';
import { RequestContext } from '@app/platform';
import { User } from './user.entity.js';

/** People of a company by a name that other systems know them by: their address, or what stands before its @. */
@Injectable()
export class Usernames {
  constructor(private readonly context: RequestContext) {}

  /** Undefined, too, where two people answer to the name: it would be one's code in the other's hands. */
  async find(username: string): Promise<{ id: string } | undefined> {
    const name = canonicalEmail(username);
    const found = await this.context.transaction((em) =>
      em.execute<{ id: string }[]>(
        `select id from user_account where is_active and ${name.includes('@') ? 'email_canonical' : `split_part(email_canonical, '@', 1)`} = ? limit 2`,
        [name],
      ),
    );
    return found.length === 1 ? found[0] : undefined;
  }

  /** How many people could be named. */
  count(): Promise<number> {
    return this.context.transaction((em) => em.count(User, { isActive: true }));
  }
}
